package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

const kubernetesVersion = "1.34.4"

// buildFlags stamps what the programs say of themselves.
var buildFlags = []string{
	"build", "-v", "-trimpath", "-buildvcs=false", "-ldflags", strings.Join([]string{
		"-s -w",
		"-X k8s.io/component-base/version.gitVersion=v" + kubernetesVersion,
		"-X k8s.io/component-base/version.gitMajor=1",
		"-X k8s.io/component-base/version.gitMinor=34",
		"-X helm.sh/helm/v3/internal/version.version=v3.19.5",
		"-X helm.sh/helm/v3/pkg/chartutil.k8sVersionMajor=1",
		"-X helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor=34",
	}, " "),
}

// targets are the packages of the k8s module that become programs.
var targets = []string{"./node", "./kubectl", "./coredns", "./pause", "helm.sh/helm/v3/cmd/helm"}

// nodeNames are the names by which the multi-call binary `node` is called.
var nodeNames = []string{"kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy"}

// componentsKey names a build by all that goes into it but the Go toolchain,
// so that every checkout with the same sources shares one.
func componentsKey(module string) (string, error) {
	hash := sha256.New()
	err := filepath.WalkDir(module, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		name, _ := filepath.Rel(module, path)
		fmt.Fprintf(hash, "%s %d\n%s", name, len(text), text)
		return err
	})
	fmt.Fprintln(hash, buildFlags, targets)
	return hex.EncodeToString(hash.Sum(nil))[:12], err
}

// buildComponents builds what is not in the cache. The result appears under
// its name only when it is whole.
func (l layout) buildComponents() error {
	if _, err := os.Stat(l.bin); err == nil {
		return l.linkTools()
	}
	unlock, err := lock(filepath.Join(cacheDir(), "build.lock"))
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := os.Stat(l.bin); err == nil { // another checkout has just built it
		return l.linkTools()
	}
	fmt.Println("   building Kubernetes", kubernetesVersion, "from Go modules: about 6 minutes on 2 cores, once per machine")
	unfinished := l.bin + ".new"
	if err := os.RemoveAll(unfinished); err != nil {
		return err
	}
	if err := l.goBuild(unfinished); err != nil {
		return err
	}
	for _, name := range nodeNames {
		if err := os.Symlink("node", filepath.Join(unfinished, name)); err != nil {
			return err
		}
	}
	if err := os.Rename(unfinished, l.bin); err != nil {
		return err
	}
	return l.linkTools()
}

// goBuild runs the Go compiler and tells how far it is.
func (l layout) goBuild(out string) error {
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	command := exec.Command("go", append(append(buildFlags, "-o", out+"/"), targets...)...)
	command.Dir = filepath.Join(l.source, "k8s")
	command.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-mod=readonly", "GOWORK=off")
	progress, err := command.StderrPipe()
	if err != nil {
		return err
	}
	if err := command.Start(); err != nil {
		return err
	}
	var last []string
	began, told, compiled := time.Now(), time.Now(), 0
	for lines := bufio.NewScanner(progress); lines.Scan(); compiled++ {
		last = append(last[max(0, len(last)-29):], lines.Text())
		if time.Since(told) > 20*time.Second {
			told = time.Now()
			fmt.Printf("   %4.0fs %d packages\n", time.Since(began).Seconds(), compiled)
		}
	}
	if err := command.Wait(); err != nil {
		return fmt.Errorf("go build: %w\n%s\nThis needs Go as new as k8s/go.mod says and a way to the Go module proxy", err, strings.Join(last, "\n"))
	}
	return nil
}

// linkTools puts the programs for people into .cluster/bin.
func (l layout) linkTools() error {
	for _, name := range []string{"kubectl", "helm"} {
		link := l.in("bin", name)
		if err := os.MkdirAll(filepath.Dir(link), 0o755); err != nil {
			return err
		}
		if err := os.Remove(link); err != nil && !os.IsNotExist(err) {
			return err
		}
		if err := os.Symlink(filepath.Join(l.bin, name), link); err != nil {
			return err
		}
	}
	return nil
}
