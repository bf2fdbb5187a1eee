package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// lock takes an exclusive lock on a file and returns how to give it back.
func lock(path string) (func(), error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
		fmt.Println("   waiting for another command of this tool to finish")
		if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
			return nil, err
		}
	}
	return func() { _ = file.Close() }, nil
}

// owner names the state directory whose cluster this machine runs, or "".
func owner() string {
	text, err := os.ReadFile(ownerFile)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

// strays matches the supervisor and the components of one state directory.
// Containers are not among them.
func strays(state string) func(process) bool {
	names := append([]string{"containerd", "etcd", "coredns"}, nodeNames...)
	return func(p process) bool {
		if len(p.argv) > 2 && p.argv[1] == "supervise" {
			return p.argv[2] == state
		}
		return slices.Contains(names, filepath.Base(p.argv[0])) && slices.ContainsFunc(p.argv[1:], func(arg string) bool {
			_, value, set := strings.Cut(arg, "=")
			return strings.HasPrefix(arg, state+"/") || set && strings.HasPrefix(value, state+"/")
		})
	}
}

// shims matches the parents of our containers' processes.
func shims(p process) bool {
	return strings.HasPrefix(filepath.Base(p.argv[0]), "containerd-shim") && slices.Contains(p.argv, containerdSocket)
}

// stopComponents ends the supervisor and all components, in order when the
// supervisor lives, and leaves the containers running.
func stopComponents(state string) error {
	if running, err := supervisor(); err == nil {
		if err := syscall.Kill(running.PID, syscall.SIGTERM); err != nil && !errors.Is(err, syscall.ESRCH) {
			return err
		}
		// At worst three graces one after the other, then by force below.
		_ = await(3*stopGrace+5*time.Second, func() error {
			if syscall.Kill(running.PID, 0) == nil {
				return errors.New("the supervisor has not ended")
			}
			return nil
		})
	}
	return killAll(strays(state))
}

// tearDown ends everything of the cluster with this state directory and
// removes what it left on the machine; the state itself stays.
func tearDown(state string) error {
	if err := stopComponents(state); err != nil {
		return err
	}
	if err := killGroup(); err != nil {
		return err
	}
	if err := killAll(shims); err != nil {
		return err
	}
	if err := unmountBelow(runDir, state); err != nil {
		return err
	}
	if err := removeNetwork(); err != nil {
		return err
	}
	removeGroup()
	if err := removeNotes(state); err != nil {
		return err
	}
	return os.RemoveAll(runDir)
}

// removeNotes removes what the kubelet and the CNI plugins note down at paths
// that cannot be set: links to logs and the plugins' last results.
func removeNotes(state string) error {
	links, _ := filepath.Glob("/var/log/containers/*.log")
	for _, link := range links {
		if target, err := os.Readlink(link); err == nil && strings.HasPrefix(target, state+"/") {
			if err := os.Remove(link); err != nil {
				return err
			}
		}
	}
	results, _ := filepath.Glob("/var/lib/cni/results/*")
	for _, result := range results {
		if text, err := os.ReadFile(result); err == nil && (bytes.Contains(text, []byte(runDir)) || bytes.Contains(text, []byte(`"`+nodeIP+`"`))) {
			if err := os.Remove(result); err != nil {
				return err
			}
		}
	}
	return nil
}

// groups lists our cgroup in every hierarchy, innermost groups first.
func groups() []string {
	var all []string
	roots, _ := filepath.Glob("/sys/fs/cgroup/*/" + cgroupName)
	for _, root := range append(roots, "/sys/fs/cgroup/"+cgroupName) {
		_ = filepath.WalkDir(root, func(path string, entry os.DirEntry, err error) error {
			if err == nil && entry.IsDir() {
				all = append(all, path)
			}
			return nil // groups vanish while we walk
		})
	}
	slices.Reverse(all)
	return all
}

// killGroup ends every process in the pods' cgroup: whatever a container
// started is there, even when its shim is dead.
func killGroup() error {
	return await(10*time.Second, func() error {
		var left int
		for _, group := range groups() {
			text, _ := os.ReadFile(filepath.Join(group, "cgroup.procs"))
			for _, line := range strings.Fields(string(text)) {
				var pid int
				if _, err := fmt.Sscan(line, &pid); err == nil && pid > 0 {
					left++
					_ = syscall.Kill(pid, syscall.SIGKILL)
				}
			}
		}
		if left > 0 {
			return fmt.Errorf("%d processes of pods do not end", left)
		}
		return nil
	})
}

// removeGroup removes the empty groups; the kernel may need a moment.
func removeGroup() {
	_ = await(2*time.Second, func() error {
		var failed error
		for _, group := range groups() {
			failed = errors.Join(failed, syscall.Rmdir(group))
		}
		return failed
	})
}

// unmountBelow detaches every mount in the given directories.
func unmountBelow(dirs ...string) error {
	info, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return err
	}
	for _, point := range mountsBelow(string(info), dirs...) {
		if err := syscall.Unmount(point, syscall.MNT_DETACH); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, syscall.ENOENT) {
			return fmt.Errorf("unmounting %s: %w", point, err)
		}
	}
	return nil
}

// mountsBelow picks the mount points below the directories, last mounted first.
func mountsBelow(mountinfo string, dirs ...string) []string {
	var points []string
	unescape := strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`)
	for _, line := range strings.Split(mountinfo, "\n") {
		fields := strings.Fields(line)
		if len(fields) < 5 {
			continue
		}
		point := unescape.Replace(fields[4])
		if slices.ContainsFunc(dirs, func(dir string) bool { return strings.HasPrefix(point, dir+"/") }) {
			points = append(points, point)
		}
	}
	slices.Reverse(points)
	return points
}

// removeNetwork removes the bridge, what still hangs on it, and every
// iptables rule that kube-proxy, the kubelet or the CNI plugins made.
func removeNetwork() error {
	ports, _ := filepath.Glob("/sys/class/net/" + bridgeName + "/brif/*")
	for _, port := range append(ports, bridgeName) {
		name := filepath.Base(port)
		if _, err := net.InterfaceByName(name); err != nil {
			continue // a pod's end of the pair went with its namespace
		}
		if err := run("ip", "link", "delete", name); err != nil && name == bridgeName {
			return err
		}
	}
	for _, family := range []string{"iptables", "ip6tables"} {
		if _, err := exec.LookPath(family); err != nil {
			continue
		}
		rules, err := exec.Command(family + "-save").Output()
		if err != nil {
			return fmt.Errorf("%s-save: %w", family, err)
		}
		kept := withoutKubernetes(string(rules))
		if kept == string(rules) {
			continue
		}
		restore := exec.Command(family + "-restore")
		restore.Stdin = strings.NewReader(kept)
		if out, err := restore.CombinedOutput(); err != nil {
			return fmt.Errorf("%s-restore: %w\n%s", family, err, bytes.TrimSpace(out))
		}
	}
	return nil
}

// withoutKubernetes drops the chains named KUBE-… and CNI-…, their rules, and
// the rules that jump to them, from what iptables-save printed.
func withoutKubernetes(saved string) string {
	var kept []string
	for _, line := range strings.SplitAfter(saved, "\n") {
		fields := strings.Fields(line)
		ours := slices.ContainsFunc(fields, func(field string) bool {
			field = strings.TrimPrefix(field, ":")
			return strings.HasPrefix(field, "KUBE-") || strings.HasPrefix(field, "CNI-")
		})
		if !ours || strings.HasPrefix(line, "#") {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "")
}
