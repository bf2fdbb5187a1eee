package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// packages maps each Debian package that a cluster or its images need to a
// file that shows it is there.
var packages = map[string]string{
	"containerd": "/usr/bin/containerd", "runc": "/usr/sbin/runc", "containernetworking-plugins": "/usr/lib/cni/portmap",
	"iptables": "/usr/sbin/iptables", "conntrack": "/usr/sbin/conntrack", "etcd-server": "/usr/bin/etcd", "iproute2": "/usr/sbin/ip",
	"buildah": "/usr/bin/buildah", "mmdebstrap": "/usr/bin/mmdebstrap",
}

// installPackages installs what is missing, without starting the services
// that the packages bring: this tool starts its own.
func installPackages() error {
	var missing []string
	for name, file := range packages {
		if _, err := os.Stat(file); err != nil {
			missing = append(missing, name)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	if _, err := exec.LookPath("apt-get"); err != nil {
		return fmt.Errorf("this machine has no apt-get: install these by hand, then try again: %q", missing)
	}
	const policy = "/usr/sbin/policy-rc.d"
	if file, err := os.OpenFile(policy, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o755); err == nil {
		defer os.Remove(policy)
		_, err = file.WriteString("#!/bin/sh\nexit 101\n")
		if err = errors.Join(err, file.Close()); err != nil {
			return err
		}
	}
	slices.Sort(missing)
	fmt.Println("   installing", strings.Join(missing, " "))
	install := append([]string{"apt-get", "install", "-y", "-qq", "--no-install-recommends"}, missing...)
	if run(install...) == nil {
		return nil
	}
	// A fresh machine has no package lists, or old ones.
	if err := run("apt-get", "update", "-qq"); err != nil {
		return err
	}
	return run(install...)
}

// run runs a program and puts the end of what it printed into its error.
func run(argv ...string) error {
	command := exec.Command(argv[0], argv[1:]...)
	command.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(argv, " "), err, tail(out, 20))
	}
	return nil
}

// tail returns the last lines of a text.
func tail(text []byte, lines int) string {
	all := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

// prepareHost sets up what the components expect of the machine.
func prepareHost() error {
	if err := syscall.Mount("", "/", "", syscall.MS_SHARED|syscall.MS_REC, ""); err != nil {
		return fmt.Errorf("making mounts shared: %w", err)
	}
	if err := cgroupRoots(); err != nil {
		return err
	}
	// Bridged packets must pass iptables, or a pod could not reach itself or
	// its neighbour through a Service. A kernel with it built in has no module.
	_ = exec.Command("modprobe", "-a", "br_netfilter", "overlay").Run()
	for name, value := range map[string]int{
		"net/ipv4/ip_forward": 1, "net/bridge/bridge-nf-call-iptables": 1,
		// Every open `kubectl logs -f` costs the kubelet one of these.
		"fs/inotify/max_user_instances": 1024, "fs/inotify/max_user_watches": 65536,
	} {
		if err := atLeast("/proc/sys/"+name, value); err != nil {
			return fmt.Errorf("setting %s: %w", name, err)
		}
	}
	if _, err := os.Stat("/sys/class/net/" + bridgeName); err != nil {
		if err := run("ip", "link", "add", bridgeName, "type", "bridge"); err != nil {
			return err
		}
	}
	if err := run("ip", "address", "replace", nodeIP+"/16", "dev", bridgeName); err != nil {
		return err
	}
	return run("ip", "link", "set", bridgeName, "up")
}

// atLeast raises a kernel setting and never lowers one.
func atLeast(path string, value int) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if now, err := strconv.Atoi(strings.TrimSpace(string(text))); err == nil && now >= value {
		return nil
	}
	return os.WriteFile(path, []byte(strconv.Itoa(value)), 0o644)
}

// cgroupRoots makes the group below which all pods run, in each hierarchy of
// cgroup v1 or in the one of v2.
func cgroupRoots() error {
	const root = "/sys/fs/cgroup"
	if controllers, err := os.ReadFile(root + "/cgroup.controllers"); err == nil {
		for _, name := range strings.Fields(string(controllers)) {
			// Some controllers cannot be delegated; the kubelet names the
			// ones it misses.
			_ = os.WriteFile(root+"/cgroup.subtree_control", []byte("+"+name), 0o644)
		}
		return os.MkdirAll(filepath.Join(root, cgroupName), 0o755)
	}
	hierarchies, err := filepath.Glob(root + "/*/cgroup.procs")
	if err != nil || len(hierarchies) == 0 {
		return fmt.Errorf("no cgroup hierarchy is mounted at %s", root)
	}
	for _, procs := range hierarchies {
		parent := filepath.Dir(procs)
		group := filepath.Join(parent, cgroupName)
		if err := os.MkdirAll(group, 0o755); err != nil {
			return err
		}
		// A new cpuset is empty and would take no process.
		for _, name := range []string{"cpuset.cpus", "cpuset.mems"} {
			if text, err := os.ReadFile(filepath.Join(parent, name)); err == nil {
				if err := os.WriteFile(filepath.Join(group, name), text, 0o644); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// snapshotter picks how containerd stacks image layers: overlayfs cannot
// stack on itself, as in a container.
func snapshotter(dir string) string {
	const overlayMagic = 0x794c7630
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err == nil && fs.Type == overlayMagic {
		return "native"
	}
	return "overlayfs"
}

// upstream names the host's first name servers for CoreDNS to ask, if any.
func upstream(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	var servers []string
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		if fields := strings.Fields(lines.Text()); len(fields) > 1 && fields[0] == "nameserver" {
			servers = append(servers, fields[1])
		}
	}
	return strings.Join(servers[:min(3, len(servers))], " ")
}

// process is one line of the process table.
type process struct {
	pid  int
	argv []string
}

func processes() ([]process, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	var all []process
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		// A process may end while we look.
		if line, err := os.ReadFile("/proc/" + entry.Name() + "/cmdline"); err == nil && len(line) > 0 {
			all = append(all, process{pid, strings.Split(strings.TrimRight(string(line), "\x00"), "\x00")})
		}
	}
	return all, nil
}

// killAll kills every process that match picks and waits until all are gone.
func killAll(match func(process) bool) error {
	return await(10*time.Second, func() error {
		all, err := processes()
		if err != nil {
			return err
		}
		var left []int
		for _, p := range all {
			if match(p) {
				left = append(left, p.pid)
				_ = syscall.Kill(p.pid, syscall.SIGKILL)
			}
		}
		if len(left) > 0 {
			return fmt.Errorf("processes %v do not end", left)
		}
		return nil
	})
}
