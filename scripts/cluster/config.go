package main

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"text/template"
)

//go:embed config/*
var configFiles embed.FS

// values fill the templates in config/.
type values struct {
	State, Run, Socket        string
	Bridge, Network, CGroup   string
	NodeIP, NodeName, PodCIDR string
	PauseImage, Snapshotter   string
	Upstream                  string
	Volumes                   []volume
}

// volume is one pre-made local PersistentVolume.
type volume struct{ Name, Path string }

func (l layout) values() values {
	v := values{
		State: l.state, Run: runDir, Socket: containerdSocket,
		Bridge: bridgeName, Network: networkName, CGroup: cgroupName,
		NodeIP: nodeIP, NodeName: nodeName, PodCIDR: podCIDR,
		PauseImage: pauseImage, Snapshotter: snapshotter(l.state), Upstream: upstream("/etc/resolv.conf"),
	}
	for i := range volumeCount {
		name := fmt.Sprintf("local-%d", i)
		v.Volumes = append(v.Volumes, volume{name, l.in("volumes", name)})
	}
	return v
}

// render fills one template of config/.
func render(name string, v values) ([]byte, error) {
	t, err := template.New(name).Option("missingkey=error").ParseFS(configFiles, "config/"+name)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := t.Execute(&out, v); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// writeConfigs renders every component's configuration anew, so that a newer
// checkout's settings take effect at its next `up`.
func (l layout) writeConfigs() error {
	v := l.values()
	for name, path := range map[string]string{
		"containerd.toml": l.in("config", "containerd.toml"),
		"cni.conflist":    l.in("config", "cni", "10-aideator.conflist"),
		"kubelet.yaml":    l.in("config", "kubelet.yaml"),
		"Corefile":        l.in("config", "Corefile"),
	} {
		text, err := render(name, v)
		if err != nil {
			return err
		}
		if err := writeFile(path, text); err != nil {
			return err
		}
	}
	for _, name := range []string{"controller-manager", "scheduler", "proxy", "coredns", "kubelet"} {
		if err := l.writeKubeconfig(name, l.in("config", name+".kubeconfig")); err != nil {
			return err
		}
	}
	return l.writeKubeconfig("admin", l.kubeconfig())
}

// writeKubeconfig writes how to reach the cluster as one identity. JSON is
// YAML, so the standard library is enough, and the certificates are inside,
// so the file can be copied.
func (l layout) writeKubeconfig(identity, path string) error {
	var pems [3][]byte
	for i, file := range []string{"ca.crt", identity + ".crt", identity + ".key"} {
		text, err := os.ReadFile(l.in("pki", file))
		if err != nil {
			return err
		}
		pems[i] = text
	}
	const name = "aideator"
	text, err := json.MarshalIndent(map[string]any{
		"apiVersion": "v1", "kind": "Config", "current-context": name,
		"clusters": []any{map[string]any{"name": name, "cluster": map[string]any{"server": apiURL, "certificate-authority-data": pems[0]}}},
		"users":    []any{map[string]any{"name": identity, "user": map[string]any{"client-certificate-data": pems[1], "client-key-data": pems[2]}}},
		"contexts": []any{map[string]any{"name": name, "context": map[string]any{"cluster": name, "user": identity}}},
	}, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(path, append(text, '\n'))
}

// writeFile replaces a file whole, readable by its owner alone.
func writeFile(path string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	temporary := path + ".new"
	if err := os.WriteFile(temporary, text, 0o600); err != nil {
		return err
	}
	return os.Rename(temporary, path)
}
