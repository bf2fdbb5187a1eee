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
	"strings"
	"syscall"
	"time"
)

// order sends one request to the supervisor of this machine.
func order(method, path string) ([]byte, error) {
	client := http.Client{
		Timeout: 2 * stopGrace,
		Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", supervisorSocket)
		}},
	}
	request, err := http.NewRequest(method, "http://supervisor"+path, nil)
	if err != nil {
		return nil, err
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("the cluster's supervisor does not answer (run `scripts/cluster/run up`): %w", err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("supervisor: %s: %s", response.Status, strings.TrimSpace(string(body)))
	}
	return body, err
}

func supervisor() (supervisorStatus, error) {
	var status supervisorStatus
	body, err := order("GET", "/status")
	if err != nil {
		return status, err
	}
	return status, json.Unmarshal(body, &status)
}

// startSupervisor starts the daemon in a session of its own, so that it
// outlives this command and its terminal.
func startSupervisor(l layout) error {
	log, err := os.OpenFile(l.log("supervisor"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	self, err := os.Executable()
	if err != nil {
		return err
	}
	command := exec.Command(self, "supervise", l.state)
	command.Stdout, command.Stderr = log, log
	command.Dir = "/"
	command.Env = append(os.Environ(), "AIDEATOR_CLUSTER_SOURCE="+l.source)
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := command.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	return await(5*time.Second, func() error {
		select {
		case err := <-ended:
			return fatal{fmt.Errorf("the supervisor ended at once: %v", err)}
		default:
		}
		_, err := supervisor()
		return err
	})
}

// fatal is an error that waiting longer will not mend.
type fatal struct{ error }

// await polls until check succeeds and returns its last error at the deadline.
func await(limit time.Duration, check func() error) error {
	for deadline := time.Now().Add(limit); ; time.Sleep(50 * time.Millisecond) {
		err := check()
		if err == nil {
			return nil
		}
		if hopeless := (fatal{}); errors.As(err, &hopeless) {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("not ready after %s: %w", limit, err)
		}
	}
}
