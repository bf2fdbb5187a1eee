package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// authority signs the certificates of one trust domain. etcd has its own, so
// that no client of the API server can speak to the database directly.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// identity is who a certificate speaks for: Kubernetes reads the common name
// as the user and the organizations as the groups.
type identity struct {
	file   string
	user   string
	groups []string
	names  []string
	ips    []string
}

var kubernetesIdentities = []identity{
	{file: "apiserver", user: "kube-apiserver", ips: []string{"127.0.0.1", serviceIP, nodeIP}, names: []string{
		"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"}},
	{file: "kubelet-client", user: "kube-apiserver-kubelet-client"},
	{file: "admin", user: "admin", groups: []string{"system:masters"}},
	{file: "controller-manager", user: "system:kube-controller-manager"},
	{file: "scheduler", user: "system:kube-scheduler"},
	{file: "proxy", user: "system:kube-proxy"},
	{file: "coredns", user: "aideator:coredns"},
	{file: "kubelet", user: "system:node:" + nodeName, groups: []string{"system:nodes"}, names: []string{nodeName}, ips: []string{nodeIP, "127.0.0.1"}},
}

var etcdIdentities = []identity{
	{file: "etcd", user: "etcd", names: []string{"localhost"}, ips: []string{"127.0.0.1"}},
	{file: "etcd-client", user: "kube-apiserver"},
}

// ensurePKI makes every key and certificate, once: a directory left by an
// interrupted run, or made for other identities, does not say that it is
// complete for these and is made anew.
func ensurePKI(dir string) error {
	complete, wanted := filepath.Join(dir, "complete"), fmt.Sprint(kubernetesIdentities, etcdIdentities)
	if found, err := os.ReadFile(complete); err == nil && string(found) == wanted {
		return nil
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for _, domain := range []struct {
		ca         string
		identities []identity
	}{{"ca", kubernetesIdentities}, {"etcd-ca", etcdIdentities}} {
		signer, err := newAuthority(dir, domain.ca)
		if err != nil {
			return err
		}
		for _, who := range domain.identities {
			if err := signer.issue(dir, who); err != nil {
				return fmt.Errorf("certificate %s: %w", who.file, err)
			}
		}
	}
	if err := serviceAccountKeys(dir); err != nil {
		return err
	}
	return os.WriteFile(complete, []byte(wanted), 0o600)
}

func newAuthority(dir, name string) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := certificate(pkix.Name{CommonName: "aideator-" + name})
	template.IsCA = true
	template.BasicConstraintsValid = true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	// The authority's key is not written down: it signs now and never again.
	return &authority{cert, key}, writePEM(filepath.Join(dir, name+".crt"), "CERTIFICATE", der)
}

func (a *authority) issue(dir string, who identity) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := certificate(pkix.Name{CommonName: who.user, Organization: who.groups})
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth}
	template.DNSNames = who.names
	for _, ip := range who.ips {
		template.IPAddresses = append(template.IPAddresses, net.ParseIP(ip))
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	if err != nil {
		return err
	}
	if err := writePEM(filepath.Join(dir, who.file+".crt"), "CERTIFICATE", der); err != nil {
		return err
	}
	return writeKey(filepath.Join(dir, who.file+".key"), key)
}

func serviceAccountKeys(dir string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return err
	}
	if err := writePEM(filepath.Join(dir, "service-account.pub"), "PUBLIC KEY", public); err != nil {
		return err
	}
	return writeKey(filepath.Join(dir, "service-account.key"), key)
}

func certificate(subject pkix.Name) *x509.Certificate {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		panic(err) // the system has no randomness: nothing can go on
	}
	// An hour of leeway for a clock that is set back after the first start.
	return &x509.Certificate{
		SerialNumber: serial, Subject: subject,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(10, 0, 0),
	}
}

func writeKey(path string, key *ecdsa.PrivateKey) error {
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	return writePEM(path, "EC PRIVATE KEY", der)
}

func writePEM(path, kind string, der []byte) error {
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
}
