package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

const (
	stopGrace  = 10 * time.Second
	minBackoff = 200 * time.Millisecond
	maxBackoff = 10 * time.Second
	// A component that ran this long was healthy: its next crash starts the
	// backoff anew.
	healthyAfter = 30 * time.Second
	logLimit     = 20 << 20
)

// child is one component under supervision: what is wanted of it, and what is.
type child struct {
	component
	log string

	mu       sync.Mutex
	wanted   bool
	wake     chan struct{} // closed and replaced at each change of wanted or process
	process  *os.Process
	started  time.Time
	restarts int
}

// childStatus is a child as `status` shows it.
type childStatus struct {
	Name     string
	Wanted   bool
	PID      int
	Started  time.Time
	Restarts int
}

// supervise runs until it gets SIGTERM: it keeps the wanted components
// running and takes orders on a unix socket. Nothing runs before it is told.
func supervise(l layout) error {
	_ = syscall.Setrlimit(syscall.RLIMIT_NOFILE, maxFiles())
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	children := map[string]*child{}
	var order []string
	var running sync.WaitGroup
	for _, c := range l.components() {
		kid := &child{component: c, log: l.log(c.name), wake: make(chan struct{})}
		children[c.name] = kid
		order = append(order, c.name)
		running.Add(1)
		go func() {
			defer running.Done()
			kid.keep(ctx)
		}()
	}
	_ = os.Remove(supervisorSocket)
	listener, err := net.Listen("unix", supervisorSocket)
	if err != nil {
		return err
	}
	if err := os.Chmod(supervisorSocket, 0o600); err != nil {
		return err
	}
	server := &http.Server{Handler: orders(l, children, order), ReadHeaderTimeout: 5 * time.Second}
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			fmt.Fprintln(os.Stderr, "supervisor: orders:", err)
			stop()
		}
	}()
	go trimLogs(ctx, children)
	<-ctx.Done()
	// The store goes last, so that the API server can end in order.
	var others sync.WaitGroup
	for name, kid := range children {
		if name != "etcd" && name != "containerd" {
			others.Add(1)
			go func() {
				defer others.Done()
				kid.stop()
			}()
		}
	}
	others.Wait()
	children["etcd"].stop()
	children["containerd"].stop()
	running.Wait()
	return server.Close()
}

func maxFiles() *syscall.Rlimit {
	var limit syscall.Rlimit
	_ = syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit)
	limit.Cur = limit.Max
	return &limit
}

// orders answers GET /status and POST /{start,stop,kill}/COMPONENT.
func orders(l layout, children map[string]*child, order []string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) {
		report := supervisorStatus{PID: os.Getpid(), State: l.state, Version: l.version()}
		for _, name := range order {
			report.Children = append(report.Children, children[name].status())
		}
		_ = json.NewEncoder(w).Encode(report)
	})
	mux.HandleFunc("POST /{verb}/{component}", func(w http.ResponseWriter, r *http.Request) {
		kid, verb := children[r.PathValue("component")], r.PathValue("verb")
		act := map[string]func(*child){"start": (*child).start, "stop": (*child).stop, "kill": (*child).kill}[verb]
		if kid == nil || act == nil {
			http.Error(w, "no such component or order", http.StatusNotFound)
			return
		}
		act(kid)
	})
	return mux
}

// supervisorStatus is what GET /status answers.
type supervisorStatus struct {
	PID      int
	State    string
	Version  string
	Children []childStatus
}

// child finds one component's part of the report.
func (s supervisorStatus) child(name string) childStatus {
	for _, c := range s.Children {
		if c.Name == name {
			return c
		}
	}
	return childStatus{}
}

func (c *child) status() childStatus {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := childStatus{Name: c.name, Wanted: c.wanted, Started: c.started, Restarts: c.restarts}
	if c.process != nil {
		s.PID = c.process.Pid
	}
	return s
}

// change updates the child and wakes whoever waits for a change.
func (c *child) change(update func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	update()
	close(c.wake)
	c.wake = make(chan struct{})
}

func (c *child) start() { c.change(func() { c.wanted = true }) }

func (c *child) kill() { c.signal(syscall.SIGKILL) }

// stop ends the process, by force after a grace period, and returns when it
// is gone.
func (c *child) stop() {
	c.change(func() { c.wanted = false })
	c.signal(syscall.SIGTERM)
	deadline := time.After(stopGrace)
	for {
		c.mu.Lock()
		gone, wake := c.process == nil, c.wake
		c.mu.Unlock()
		if gone {
			return
		}
		select {
		case <-wake:
		case <-deadline:
			c.signal(syscall.SIGKILL)
		}
	}
}

// signal reaches the process if there is one; os.Process makes sure that it
// never reaches another one that got the same pid.
func (c *child) signal(s syscall.Signal) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.process != nil {
		_ = c.process.Signal(s)
	}
}

// keep runs the component whenever it is wanted, until ctx ends.
func (c *child) keep(ctx context.Context) {
	backoff := minBackoff
	for {
		c.mu.Lock()
		wanted, wake := c.wanted, c.wake
		c.mu.Unlock()
		if ctx.Err() != nil {
			return
		}
		if !wanted {
			select {
			case <-wake:
			case <-ctx.Done():
			}
			continue
		}
		began := time.Now()
		err := c.run()
		c.mu.Lock()
		crashed := c.wanted
		if crashed {
			c.restarts++
		}
		wake = c.wake
		c.mu.Unlock()
		if !crashed || ctx.Err() != nil {
			continue
		}
		if time.Since(began) > healthyAfter {
			backoff = minBackoff
		}
		fmt.Fprintf(os.Stderr, "%s supervisor: %s ended (%v), again in %s\n", time.Now().Format(time.RFC3339), c.name, err, backoff)
		select {
		case <-time.After(backoff):
		case <-wake:
		case <-ctx.Done():
		}
		backoff = min(2*backoff, maxBackoff)
	}
}

// run starts the component and returns when it has ended.
func (c *child) run() error {
	// The file is the component's own, so it goes on writing if the
	// supervisor dies, and appending makes truncation safe.
	log, err := os.OpenFile(c.log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	command := exec.Command(c.program, c.args...)
	command.Stdout, command.Stderr = log, log
	// Nothing of the caller's environment: it may hold secrets.
	command.Env = append([]string{"HOME=/root", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}, c.env...)
	command.Dir = "/"
	// Its own process group, so that a Ctrl-C on `up` does not reach it.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	fmt.Fprintf(log, "\n=== %s %s starts\n", time.Now().Format(time.RFC3339), c.name)
	c.mu.Lock()
	if !c.wanted {
		c.mu.Unlock()
		return nil
	}
	err = command.Start()
	if err == nil {
		c.process, c.started = command.Process, time.Now()
	}
	c.mu.Unlock()
	if err != nil {
		fmt.Fprintln(log, err)
		return err
	}
	err = command.Wait()
	fmt.Fprintf(log, "=== %s %s ended: %v\n", time.Now().Format(time.RFC3339), c.name, command.ProcessState)
	c.change(func() { c.process = nil })
	return err
}

// trimLogs keeps every log below logLimit plus one old copy.
func trimLogs(ctx context.Context, children map[string]*child) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(10 * time.Second):
		}
		for _, kid := range children {
			if info, err := os.Stat(kid.log); err == nil && info.Size() > logLimit {
				if err := rotate(kid.log); err != nil {
					fmt.Fprintf(os.Stderr, "supervisor: rotating %s: %v\n", kid.log, err)
				}
			}
		}
	}
}

// rotate copies and truncates, because the writer keeps its file open.
func rotate(path string) error {
	from, err := os.Open(path)
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := os.Create(path + ".1")
	if err != nil {
		return err
	}
	defer to.Close()
	if _, err := io.Copy(to, from); err != nil {
		return err
	}
	return os.Truncate(path, 0)
}
