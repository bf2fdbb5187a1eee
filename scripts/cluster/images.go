package main

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// containers runs containerd's own client on the cluster's images.
func containers(stdin io.Reader, args ...string) ([]byte, error) {
	command := exec.Command("ctr", append([]string{"--address", containerdSocket, "--namespace", "k8s.io"}, args...)...)
	var stderr bytes.Buffer
	command.Stdin, command.Stderr = stdin, &stderr
	out, err := command.Output()
	if err != nil {
		err = fmt.Errorf("ctr %s: %w\n%s", strings.Join(args, " "), err, tail(stderr.Bytes(), 20))
	}
	return out, err
}

// load imports image archives (docker or OCI layout, as buildah, docker and
// podman write them) and names what the node now has.
func load(paths []string) error {
	for _, path := range paths {
		if _, err := os.Stat(path); err != nil {
			return err
		}
		out, err := containers(nil, "images", "import", path)
		if err != nil {
			return err
		}
		for _, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
			fmt.Println(strings.TrimSuffix(strings.TrimPrefix(line, "unpacking "), "...done"))
		}
	}
	return nil
}

// loadPause makes sure of the image that holds every pod's namespaces.
func (l layout) loadPause() error {
	have, err := containers(nil, "images", "ls", "-q")
	if err != nil || bytes.Contains(have, []byte(pauseImage+"\n")) {
		return err
	}
	program, err := os.ReadFile(filepath.Join(l.bin, "pause"))
	if err != nil {
		return err
	}
	archive, err := dockerArchive(pauseImage, "pause", program)
	if err != nil {
		return err
	}
	_, err = containers(bytes.NewReader(archive), "images", "import", "-")
	return err
}

// dockerArchive wraps one static program as an image of one layer.
func dockerArchive(image, name string, program []byte) ([]byte, error) {
	layer, err := tarball(entry{name, 0o755, program})
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256(layer)
	config, err := json.Marshal(map[string]any{
		"architecture": runtime.GOARCH, "os": "linux",
		"config": map[string]any{"Entrypoint": []string{"/" + name}, "User": "65535:65535"},
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{"sha256:" + hex.EncodeToString(digest[:])}},
	})
	if err != nil {
		return nil, err
	}
	manifest, err := json.Marshal([]map[string]any{{"Config": "config.json", "RepoTags": []string{image}, "Layers": []string{"layer.tar"}}})
	if err != nil {
		return nil, err
	}
	return tarball(entry{"manifest.json", 0o644, manifest}, entry{"config.json", 0o644, config}, entry{"layer.tar", 0o644, layer})
}

type entry struct {
	name string
	mode int64
	text []byte
}

func tarball(entries ...entry) ([]byte, error) {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, e := range entries {
		if err := w.WriteHeader(&tar.Header{Name: e.name, Mode: e.mode, Size: int64(len(e.text)), Format: tar.FormatUSTAR}); err != nil {
			return nil, err
		}
		if _, err := w.Write(e.text); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return out.Bytes(), err
}
