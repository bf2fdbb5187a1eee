package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// works tells whether a component does its work, by what its users see of it.
// Of the scheduler nobody sees anything before there is a pod to place.
func (l layout) works(component string) error {
	switch component {
	case "containerd":
		return l.loadPause()
	case "etcd":
		return dials("127.0.0.1:12379")
	case "kube-apiserver":
		return l.get("/readyz", nil)
	case "kube-controller-manager":
		// Without a service account no pod may be created.
		return l.get("/api/v1/namespaces/default/serviceaccounts/default", nil)
	case "coredns":
		return resolves()
	case "kubelet":
		if err := l.nodeReady(); err != nil {
			return err
		}
		return l.readinessTold()
	case "kube-proxy":
		return proxyReady()
	}
	return nil
}

func dials(address string) error {
	connection, err := net.DialTimeout("tcp", address, time.Second)
	if err == nil {
		err = connection.Close()
	}
	return err
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

// readinessTold looks for pods that are called ready on the word of an earlier
// kubelet. A kubelet that starts takes every probed container for not ready
// until its first probe of it, seconds later: meanwhile a Service that answered
// just now has no endpoint. When this is nil, what the pods' conditions say is
// what the kubelet that runs now has found.
func (l layout) readinessTold() error {
	var pods podList
	if err := l.get("/api/v1/pods?fieldSelector=spec.nodeName="+nodeName, &pods); err != nil {
		return err
	}
	var probes []byte
	if err := l.get("/api/v1/nodes/"+nodeName+"/proxy/metrics/probes", &probes); err != nil {
		return err
	}
	if pod := pods.readyUnprobed(probes); pod != "" {
		return fmt.Errorf("the kubelet has not probed pod %s since it started", pod)
	}
	return nil
}

// podList is what readinessTold reads of pods.
type podList struct {
	Items []struct {
		Metadata struct{ Namespace, Name, UID string }
		Spec     struct {
			Containers []struct {
				Name           string
				ReadinessProbe *struct{}
			}
		}
		Status struct {
			Conditions []struct{ Type, Status string }
		}
	}
}

// readyUnprobed names a pod that is called ready although the kubelet's own
// counters (`prober_probe_total`) know of no successful readiness probe.
func (list podList) readyUnprobed(probes []byte) string {
	for _, pod := range list.Items {
		ready := false
		for _, condition := range pod.Status.Conditions {
			ready = ready || condition.Type == "Ready" && condition.Status == "True"
		}
		for _, c := range pod.Spec.Containers {
			series := fmt.Sprintf("prober_probe_total{container=%q,namespace=%q,pod=%q,pod_uid=%q,probe_type=\"Readiness\",result=\"successful\"}",
				c.Name, pod.Metadata.Namespace, pod.Metadata.Name, pod.Metadata.UID)
			if ready && c.ReadinessProbe != nil && !bytes.Contains(probes, []byte(series)) {
				return pod.Metadata.Namespace + "/" + pod.Metadata.Name
			}
		}
	}
	return ""
}
