package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// runDir holds what must vanish with a reboot and exists once per machine:
// sockets (whose paths may have at most 107 bytes, so not in a checkout),
// network namespaces, address leases and the name of the owner.
const runDir = "/run/aideator-cluster"

const (
	containerdSocket = runDir + "/containerd.sock"
	supervisorSocket = runDir + "/supervisor.sock"
	ownerFile        = runDir + "/owner"
	lockFile         = "/run/aideator-cluster.lock"
	cgroupName       = "aideator"
	bridgeName       = "aideator0"
	networkName      = "aideator"
	nodeName         = "node1"
	nodeIP           = "10.213.0.1"
	podCIDR          = "10.213.0.0/16"
	serviceCIDR      = "10.96.0.0/16"
	serviceIP        = "10.96.0.1"
	apiURL           = "https://" + nodeIP + ":6443"
	etcdURL          = "https://127.0.0.1:12379"
	pauseImage       = "localhost/pause:1"
)

// layout knows where everything of one checkout's cluster lies.
type layout struct {
	source string // scripts/cluster of the checkout
	state  string // .cluster of the checkout: all that survives a reboot
	bin    string // the built components, in a cache that checkouts share
}

// ownState lists what this tool keeps in the state directory, in which other
// scripts keep things too.
var ownState = []string{"config", "containerd", "etcd", "kubeconfig", "kubelet", "kubelet.d", "logs", "pki", "pod-logs", "volumes"}

// maxState keeps the kubelet's sockets, the deepest of which is
// kubelet/pod-resources/kubelet.sock, within the kernel's 107 bytes.
const maxState = 70

func newLayout() (layout, error) {
	source := os.Getenv("AIDEATOR_CLUSTER_SOURCE")
	if source == "" {
		return layout{}, fmt.Errorf("AIDEATOR_CLUSTER_SOURCE is not set: start this program through scripts/cluster/run")
	}
	checkout := filepath.Dir(filepath.Dir(source))
	l := layout{source: source, state: filepath.Join(checkout, ".cluster")}
	if len(l.state) > maxState {
		return layout{}, fmt.Errorf("%s is too long for the kubelet's sockets: move the checkout to a path of at most %d characters", l.state, maxState-len("/.cluster"))
	}
	key, err := componentsKey(filepath.Join(source, "k8s"))
	if err != nil {
		return layout{}, err
	}
	l.bin = filepath.Join(cacheDir(), "components-"+key)
	return l, nil
}

// in names a path below the state directory.
func (l layout) in(parts ...string) string {
	return filepath.Join(append([]string{l.state}, parts...)...)
}

func (l layout) log(component string) string { return l.in("logs", component+".log") }

func (l layout) kubeconfig() string { return l.in("kubeconfig") }

func cacheDir() string {
	base, err := os.UserCacheDir() // honours XDG_CACHE_HOME
	if err != nil {
		base = "/var/cache"
	}
	return filepath.Join(base, "aideator", "cluster")
}
