package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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
	started := func(names ...string) func() error {
		return func() error { return l.start(names...) }
	}
	return []step{
		{"containerd", "containerd", started("containerd")},
		{"etcd", "etcd", started("etcd")},
		{"API server", "kube-apiserver", started("kube-apiserver")},
		{"roles, storage class, volumes", "kube-apiserver", l.applyObjects},
		{"controller manager, scheduler", "kube-controller-manager", started("kube-controller-manager", "kube-scheduler")},
		{"cluster DNS", "coredns", started("coredns")},
		{"node " + nodeName + " ready", "kubelet", started("kubelet")},
		{"service proxy", "kube-proxy", started("kube-proxy")},
	}
}

// start orders components to run and waits until they do their work.
func (l layout) start(names ...string) error {
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
		for _, name := range names {
			if notYet := l.works(name); notYet != nil {
				return errors.Join(notYet, crashing(before, names))
			}
		}
		return nil
	})
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

// get asks the API server as the administrator: JSON, or any text as bytes.
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
	switch into := into.(type) {
	case nil:
		return nil
	case *[]byte:
		*into = body
		return nil
	default:
		return json.Unmarshal(body, into)
	}
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
