package main

import (
	"fmt"
	"path/filepath"
	"runtime"
)

// component is one supervised program.
type component struct {
	name    string
	program string
	args    []string
	env     []string
}

// components lists every program in the order in which they start. Each has
// the state directory or runDir in its arguments, which is how leftovers of
// an earlier run are told from other people's processes (see strays).
func (l layout) components() []component {
	pki := func(file string) string { return l.in("pki", file) }
	kubeconfig := func(name string) string { return "--kubeconfig=" + l.in("config", name+".kubeconfig") }
	kube := func(name string, args ...string) component {
		return component{name: name, program: filepath.Join(l.bin, name), args: args}
	}
	return []component{
		{name: "containerd", program: "containerd", args: []string{"--config", l.in("config", "containerd.toml")}},
		{
			name: "etcd", program: "etcd",
			// Debian's etcd asks for this on anything but amd64.
			env: []string{"ETCD_UNSUPPORTED_ARCH=" + runtime.GOARCH},
			args: []string{
				"--name=" + nodeName, "--data-dir=" + l.in("etcd"), "--logger=zap",
				"--listen-client-urls=" + etcdURL, "--advertise-client-urls=" + etcdURL,
				"--listen-peer-urls=http://127.0.0.1:12380", "--initial-advertise-peer-urls=http://127.0.0.1:12380",
				"--initial-cluster=" + nodeName + "=http://127.0.0.1:12380",
				"--cert-file=" + pki("etcd.crt"), "--key-file=" + pki("etcd.key"),
				"--client-cert-auth", "--trusted-ca-file=" + pki("etcd-ca.crt"),
			},
		},
		kube("kube-apiserver",
			"--bind-address="+nodeIP, "--advertise-address="+nodeIP, "--secure-port=6443",
			"--service-cluster-ip-range="+serviceCIDR, "--endpoint-reconciler-type=master-count",
			"--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction",
			"--etcd-servers="+etcdURL, "--etcd-cafile="+pki("etcd-ca.crt"),
			"--etcd-certfile="+pki("etcd-client.crt"), "--etcd-keyfile="+pki("etcd-client.key"),
			"--client-ca-file="+pki("ca.crt"), "--tls-cert-file="+pki("apiserver.crt"), "--tls-private-key-file="+pki("apiserver.key"),
			"--kubelet-certificate-authority="+pki("ca.crt"), "--kubelet-preferred-address-types=InternalIP",
			"--kubelet-client-certificate="+pki("kubelet-client.crt"), "--kubelet-client-key="+pki("kubelet-client.key"),
			"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
			"--service-account-key-file="+pki("service-account.pub"), "--service-account-signing-key-file="+pki("service-account.key"),
		),
		kube("kube-controller-manager",
			kubeconfig("controller-manager"), "--bind-address=127.0.0.1", "--leader-elect=false",
			"--use-service-account-credentials", "--root-ca-file="+pki("ca.crt"),
			"--service-account-private-key-file="+pki("service-account.key"),
			// The default of 20 requests a second would queue a load test's Jobs.
			"--kube-api-qps=200", "--kube-api-burst=400",
		),
		kube("kube-scheduler", kubeconfig("scheduler"), "--bind-address=127.0.0.1", "--leader-elect=false"),
		kube("kubelet",
			kubeconfig("kubelet"), "--config="+l.in("config", "kubelet.yaml"), "--config-dir="+l.in("kubelet.d"),
			"--root-dir="+l.in("kubelet"), "--hostname-override="+nodeName, "--node-ip="+nodeIP,
		),
		kube("kube-proxy",
			kubeconfig("proxy"), "--proxy-mode=iptables", "--cluster-cidr="+podCIDR, "--hostname-override="+nodeName,
			// Node ports answer on this machine only, not on its network.
			"--nodeport-addresses=127.0.0.0/8", "--healthz-bind-address=127.0.0.1:10256", "--metrics-bind-address=127.0.0.1:10249",
			// The kernel's own table size and time-outs are left as they are.
			"--conntrack-max-per-core=0", "--conntrack-tcp-timeout-established=0s", "--conntrack-tcp-timeout-close-wait=0s",
		),
		kube("coredns", "-conf", l.in("config", "Corefile")),
	}
}

// component finds one by the name that a user gave.
func (l layout) component(name string) (component, error) {
	var names []string
	for _, c := range l.components() {
		if c.name == name {
			return c, nil
		}
		names = append(names, c.name)
	}
	return component{}, fmt.Errorf("there is no component %q: choose one of %q", name, names)
}
