// Command cluster runs a real single-node Kubernetes on a bare Debian machine
// without Docker, for development and tests. README.md tells how it works.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

const usage = `usage: scripts/cluster/run COMMAND

  up                  start the cluster, or make sure that it runs
  down [--purge]      end it; with --purge also forget its objects and images
  status              show the components and the node
  load IMAGE-TAR…     give the node images from docker or OCI archives
  kubeconfig          print the path of the kubeconfig
  tools               install the packages and build the programs, start nothing
  stop COMPONENT      end a component and keep it ended
  start COMPONENT     start it again, and wait until it does its work
  kill COMPONENT      SIGKILL it; the supervisor starts it again
  logs COMPONENT      follow its log
`

func main() {
	if err := command(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "cluster:", err)
		os.Exit(1)
	}
}

func command(args []string) error {
	if len(args) == 0 {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	l, err := newLayout()
	if err != nil {
		return err
	}
	name, args := args[0], args[1:]
	if name == "kubeconfig" {
		fmt.Println(l.kubeconfig())
		return nil
	}
	if os.Geteuid() != 0 {
		return errors.New("this starts containers and sets up a network: run it as root, for example with sudo")
	}
	switch {
	case name == "up" && len(args) == 0:
		return up(l)
	case name == "down" && (len(args) == 0 || len(args) == 1 && args[0] == "--purge"):
		return down(l, len(args) == 1)
	case name == "status" && len(args) == 0:
		return status(l)
	case name == "load" && len(args) > 0:
		return load(args)
	case name == "tools" && len(args) == 0:
		return errors.Join(installPackages(), l.buildComponents())
	case name == "supervise" && len(args) == 1:
		return supervise(l)
	case (name == "stop" || name == "start" || name == "kill") && len(args) == 1:
		if _, err := l.component(args[0]); err != nil {
			return err
		}
		if name == "start" {
			return l.start(args[0])
		}
		_, err := order("POST", "/"+name+"/"+args[0])
		return err
	case name == "logs" && len(args) == 1:
		tail := exec.Command("tail", "-n", "100", "-F", l.log(args[0]))
		tail.Stdout, tail.Stderr = os.Stdout, os.Stderr
		return tail.Run()
	}
	return errors.New("not understood\n" + usage)
}

// down ends this checkout's cluster; it is no error if there is none.
func down(l layout, purge bool) error {
	unlock, err := lock(lockFile)
	if err != nil {
		return err
	}
	defer unlock()
	began := time.Now()
	if other := owner(); other != "" && other != l.state {
		fmt.Println("nothing of this checkout runs; the cluster on this machine belongs to", filepath.Dir(other))
	} else if err := tearDown(l.state); err != nil {
		return err
	}
	if purge {
		for _, name := range ownState {
			if err := os.RemoveAll(l.in(name)); err != nil {
				return err
			}
		}
	}
	fmt.Printf("✓ cluster ended %37.1fs\n", time.Since(began).Seconds())
	return nil
}

func status(l layout) error {
	running, err := supervisor()
	if err != nil {
		return err
	}
	if running.State != l.state {
		return fmt.Errorf("the cluster on this machine belongs to %s", filepath.Dir(running.State))
	}
	fmt.Printf("%-26s %-9s %7s %10s %8s\n", "COMPONENT", "STATE", "PID", "UP", "RESTARTS")
	for _, c := range running.Children {
		state, uptime := "stopped", ""
		if c.PID != 0 {
			state, uptime = "running", time.Since(c.Started).Round(time.Second).String()
		} else if c.Wanted {
			state = "crashed"
		}
		fmt.Printf("%-26s %-9s %7d %10s %8d\n", c.Name, state, c.PID, uptime, c.Restarts)
	}
	if err := l.nodeReady(); err != nil {
		return fmt.Errorf("node %s is not ready: %w", nodeName, err)
	}
	fmt.Println("node", nodeName, "is ready; kubeconfig", l.kubeconfig())
	return nil
}

// version tells two builds of this program or of the components apart, so
// that `up` restarts a cluster of older ones.
func (l layout) version() string {
	self, err := os.Executable()
	if err != nil {
		return ""
	}
	return filepath.Base(filepath.Dir(self)) + " " + filepath.Base(l.bin)
}
