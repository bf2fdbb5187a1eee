package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

// volumeCount is how many claims can be bound at a time.
const volumeCount = 8

// patience is long because a busy machine is slow; what crashes is told at once.
const patience = 2 * time.Minute

// step is one line of progress.
type step struct {
	name string
	// component is whose log explains a failure.
	component string
	do        func() error
}

// play runs the steps in order and shows each with the time it took.
func (l layout) play(steps []step) error {
	began := time.Now()
	for _, s := range steps {
		start := time.Now()
		if err := s.do(); err != nil {
			fmt.Printf("✗ %s\n", s.name)
			if s.component != "" {
				text, _ := os.ReadFile(l.log(s.component))
				fmt.Printf("--- the end of %s\n%s\n---\n", l.log(s.component), tail(text, 25))
				err = fmt.Errorf("%w\nThe log above says why. `scripts/cluster/run up` tries again; `scripts/cluster/run down --purge` first forgets all state", err)
			}
			return fmt.Errorf("%s: %w", s.name, err)
		}
		fmt.Printf("✓ %-46s %6.1fs\n", s.name, time.Since(start).Seconds())
	}
	fmt.Printf("Ready after %.1fs: export KUBECONFIG=%s PATH=%s:$PATH\n", time.Since(began).Seconds(), l.kubeconfig(), l.in("bin"))
	return nil
}

// up brings the cluster to Ready from whatever state the machine is in.
func up(l layout) error {
	unlock, err := lock(lockFile)
	if err != nil {
		return err
	}
	defer unlock()
	steps := []step{
		{"Debian packages", "", installPackages},
		{"Kubernetes, helm and CoreDNS built", "", l.buildComponents},
	}
	if status, err := supervisor(); err == nil && status.State == l.state && status.Version == l.version() {
		return l.play(append(steps, l.startSteps()...))
	}
	return l.play(append(append(steps,
		step{"machine taken over", "", l.takeOver},
		step{"machine prepared", "", prepareHost},
		step{"certificates and configuration", "", l.configure},
		step{"supervisor", "supervisor", func() error { return startSupervisor(l) }},
	), l.startSteps()...))
}

// takeOver leaves no process of an earlier run: another checkout's cluster is
// ended whole, our own containers live on and are adopted.
func (l layout) takeOver() error {
	if other := owner(); other != "" && other != l.state {
		fmt.Println("   stopping the cluster of", filepath.Dir(other))
		if err := tearDown(other); err != nil {
			return err
		}
	}
	if err := stopComponents(l.state); err != nil {
		return err
	}
	_ = os.Remove(containerdSocket) // a dead containerd's socket refuses the next
	if err := os.MkdirAll(runDir, 0o755); err != nil {
		return err
	}
	return os.WriteFile(ownerFile, []byte(l.state+"\n"), 0o600)
}

func (l layout) configure() error {
	for _, dir := range []string{"logs", "kubelet.d", "pod-logs", "volumes"} {
		if err := os.MkdirAll(l.in(dir), 0o755); err != nil {
			return err
		}
	}
	for _, v := range l.values().Volumes {
		if err := os.MkdirAll(v.Path, 0o755); err != nil {
			return err
		}
	}
	if err := ensurePKI(l.in("pki")); err != nil {
		return err
	}
	return l.writeConfigs()
}

// startSteps start each component and wait until it does its work. On a
// running cluster they only look.
func (l layout) startSteps() []step {
	started := func(ready func() error, names ...string) func() error {
		return func() error {
			before, err := supervisor()
			if err != nil {
				return err
			}
			for _, name := range names {
				if _, err := order("POST", "/start/"+name); err != nil {
					return err
				}
			}
			return await(patience, func() error {
				notYet := ready()
				if notYet == nil {
					return nil
				}
				return errors.Join(notYet, crashing(before, names))
			})
		}
	}
	return []step{
		{"containerd", "containerd", started(l.loadPause, "containerd")},
		{"etcd", "etcd", started(dials("127.0.0.1:12379"), "etcd")},
		{"API server", "kube-apiserver", started(l.apiReady, "kube-apiserver")},
		{"roles, storage class, volumes", "kube-apiserver", l.applyObjects},
		{"controller manager, scheduler", "kube-controller-manager", started(l.accountsReady, "kube-controller-manager", "kube-scheduler")},
		{"cluster DNS", "coredns", started(resolves, "coredns")},
		{"node " + nodeName + " ready", "kubelet", started(l.nodeReady, "kubelet")},
		{"service proxy", "kube-proxy", started(proxyReady, "kube-proxy")},
	}
}

// crashing is a fatal error when one of the components has ended three times
// since the status before: it will not come up, so nobody need wait for it.
func crashing(before supervisorStatus, names []string) error {
	now, err := supervisor()
	if err != nil {
		return err
	}
	for i, c := range now.Children {
		if slices.Contains(names, c.Name) && c.Restarts >= before.Children[i].Restarts+3 {
			return fatal{fmt.Errorf("%s ends again and again", c.Name)}
		}
	}
	return nil
}

func dials(address string) func() error {
	return func() error {
		connection, err := net.DialTimeout("tcp", address, time.Second)
		if err == nil {
			err = connection.Close()
		}
		return err
	}
}

func proxyReady() error {
	response, err := http.Get("http://127.0.0.1:10256/healthz")
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return errors.New(response.Status)
	}
	return nil
}

func resolves() error {
	resolver := net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", nodeIP+":53")
	}}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_, err := resolver.LookupHost(ctx, "kubernetes.default.svc.cluster.local.")
	return err
}

// accountsReady waits for the default namespace's service account: without it
// no pod may be created.
func (l layout) accountsReady() error {
	return l.get("/api/v1/namespaces/default/serviceaccounts/default", nil)
}

func (l layout) apiReady() error { return l.get("/readyz", nil) }

// nodeReady looks for a report of the kubelet that runs now: what an earlier
// one said stays in the store.
func (l layout) nodeReady() error {
	running, err := supervisor()
	if err != nil {
		return err
	}
	var node struct {
		Status struct {
			Conditions []struct {
				Type, Status, Message string
				LastHeartbeatTime     time.Time
			}
		}
	}
	if err := l.get("/api/v1/nodes/"+nodeName, &node); err != nil {
		return err
	}
	kubelet := running.child("kubelet")
	for _, c := range node.Status.Conditions {
		switch {
		case c.Type != "Ready":
		case kubelet.PID == 0 || c.LastHeartbeatTime.Before(kubelet.Started.Truncate(time.Second)):
			return errors.New("the kubelet has not reported since it started")
		case c.Status != "True":
			return errors.New(c.Message)
		default:
			return nil
		}
	}
	return errors.New("the kubelet has never reported")
}

// get asks the API server as the administrator.
func (l layout) get(path string, into any) error {
	pair, err := tls.LoadX509KeyPair(l.in("pki", "admin.crt"), l.in("pki", "admin.key"))
	if err != nil {
		return err
	}
	ca, err := os.ReadFile(l.in("pki", "ca.crt"))
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	client := http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{
		DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{pair}},
	}}
	response, err := client.Get(apiURL + path)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %s: %s", path, response.Status, bytes.TrimSpace(body))
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(body, into)
}

// kubectl runs the client as the administrator.
func (l layout) kubectl(stdin []byte, args ...string) error {
	command := exec.Command(filepath.Join(l.bin, "kubectl"), append([]string{"--kubeconfig", l.kubeconfig()}, args...)...)
	command.Stdin = bytes.NewReader(stdin)
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("kubectl %v: %w\n%s", args, err, tail(out, 20))
	}
	return nil
}

func (l layout) applyObjects() error {
	if err := l.recycleVolumes(); err != nil {
		return err
	}
	text, err := render("objects.yaml", l.values())
	if err != nil {
		return err
	}
	return l.kubectl(text, "apply", "--server-side", "--force-conflicts", "--field-manager=aideator-cluster", "-f", "-")
}

// recycleVolumes empties the volumes whose claim is gone, so that they can be
// claimed again: a local volume has no provisioner to do that.
func (l layout) recycleVolumes() error {
	var list struct {
		Items []struct {
			Metadata struct{ Name string }
			Status   struct{ Phase string }
		}
	}
	if err := l.get("/api/v1/persistentvolumes", &list); err != nil {
		return err
	}
	for _, v := range l.values().Volumes {
		for _, item := range list.Items {
			if item.Metadata.Name != v.Name || item.Status.Phase != "Released" {
				continue
			}
			if err := l.kubectl(nil, "delete", "persistentvolume", v.Name, "--timeout=20s"); err != nil {
				return err
			}
			if err := errors.Join(os.RemoveAll(v.Path), os.MkdirAll(v.Path, 0o755)); err != nil {
				return err
			}
		}
	}
	return nil
}
