package main

import (
	"net/netip"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

const everything = root + "/charts/values/everything.yaml"

// The parts of a NetworkPolicy that the chart uses. Strict decoding: a field that is not here fails the test.
type policy struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string
	Metadata   struct {
		Name, Namespace string
		Labels          map[string]string
	}
	Spec struct {
		PodSelector     selector `yaml:"podSelector"`
		PolicyTypes     []string `yaml:"policyTypes"`
		Ingress, Egress []rule
	}
}
type selector struct {
	MatchLabels map[string]string `yaml:"matchLabels"`
}
type rule struct {
	From, To []peer
	Ports    []struct {
		Protocol string
		Port     int
	}
}
type peer struct {
	PodSelector       *selector `yaml:"podSelector"`
	NamespaceSelector *selector `yaml:"namespaceSelector"`
	IPBlock           *struct {
		CIDR   string   `yaml:"cidr"`
		Except []string `yaml:"except"`
	} `yaml:"ipBlock"`
}

// End is one end of a flow: a pod, or an address outside of all pods.
type End struct {
	Namespace string
	Labels    map[string]string
	Address   string
}

func (s *selector) matches(labels map[string]string) bool {
	for name, value := range s.MatchLabels {
		if labels[name] != value {
			return false
		}
	}
	return true
}

func (p peer) matches(policyNamespace string, end End) bool {
	if p.IPBlock != nil {
		address := netip.MustParseAddr(end.Address)
		if !netip.MustParsePrefix(p.IPBlock.CIDR).Contains(address) {
			return false
		}
		for _, except := range p.IPBlock.Except {
			if netip.MustParsePrefix(except).Contains(address) {
				return false
			}
		}
		return true
	}
	if end.Namespace == "" {
		return false
	}
	if p.NamespaceSelector != nil {
		if !p.NamespaceSelector.matches(map[string]string{"kubernetes.io/metadata.name": end.Namespace}) {
			return false
		}
	} else if end.Namespace != policyNamespace {
		return false
	}
	return p.PodSelector == nil || p.PodSelector.matches(end.Labels)
}

// allowed is the rule of Kubernetes for one direction: a pod that no policy selects is open; else some rule must fit.
func allowed(policies []policy, direction string, pod, other End, protocol string, port int) bool {
	if pod.Namespace == "" {
		return true
	}
	isolated := false
	for _, p := range policies {
		if p.Metadata.Namespace != pod.Namespace || !p.Spec.PodSelector.matches(pod.Labels) ||
			!strings.Contains(strings.Join(p.Spec.PolicyTypes, " "), direction) {
			continue
		}
		isolated = true
		rules := p.Spec.Ingress
		if direction == "Egress" {
			rules = p.Spec.Egress
		}
		for _, r := range rules {
			fits := len(r.Ports) == 0
			for _, at := range r.Ports {
				fits = fits || at.Protocol == protocol && at.Port == port
			}
			peers := append(r.From, r.To...)
			reaches := len(peers) == 0
			for _, one := range peers {
				reaches = reaches || one.matches(p.Metadata.Namespace, other)
			}
			if fits && reaches {
				return true
			}
		}
	}
	return !isolated
}

func policies(t *testing.T, options ...string) []policy {
	decoder := yaml.NewDecoder(strings.NewReader(render(t, append(options, "--show-only", "templates/networkpolicies.yaml")...)))
	decoder.KnownFields(true)
	var found []policy
	for {
		var p policy
		if err := decoder.Decode(&p); err != nil {
			if err.Error() == "EOF" {
				return found
			}
			t.Fatal(err)
		}
		if p.Kind != "" {
			found = append(found, p)
		}
	}
}

func component(namespace, name string) End {
	return End{namespace, map[string]string{"app.kubernetes.io/name": "aideator", "app.kubernetes.io/instance": "aideator",
		"app.kubernetes.io/component": name}, "10.244.0.7"}
}

// The matrix of flows: who reaches whom. The cluster of scripts/cluster does not enforce policies, so the rules are judged
// here, as the API's documentation says that they mean.
func TestFlows(t *testing.T) {
	for _, namespace := range []string{"aideator", "agents"} {
		options := []string{"--set", "tracing.endpoint=http://otel-collector:4318,networkPolicy.enabled=true,demo.enabled=true,demo.model=false,litellm.enabled=true"}
		if namespace != "aideator" {
			options = append(options, "--set", "agents.namespace="+namespace)
		}
		found := policies(t, options...)
		agent := End{namespace, map[string]string{"app.kubernetes.io/name": "aideator-agent", "app.kubernetes.io/instance": "aideator",
			"app.kubernetes.io/managed-by": "aideator"}, "10.244.0.9"}
		server, demo, litellm := component("aideator", "server"), component("aideator", "demo"), component(namespace, "litellm")
		dns := End{"kube-system", map[string]string{"k8s-app": "kube-dns"}, "10.244.0.2"}
		somebody := End{"default", map[string]string{"app": "x"}, "10.244.0.3"}
		github, metadata := End{Address: "140.82.121.3"}, End{Address: "169.254.169.254"}
		apiServer, kubelet := End{Address: "10.96.0.1"}, End{Address: "10.0.0.5"}
		for _, flow := range []struct {
			what     string
			from, to End
			protocol string
			port     int
			open     bool
		}{
			{"a browser reaches the page", somebody, server, "TCP", 8000, true},
			{"nobody reaches the metrics unless named", somebody, server, "TCP", 9090, false},
			{"the server asks the API server", server, apiServer, "TCP", 443, true},
			{"the server asks an API server on 6443", server, apiServer, "TCP", 6443, true},
			{"the server asks for names", server, dns, "UDP", 53, true},
			{"the server asks git hosts", server, github, "TCP", 443, true},
			{"the server asks git hosts by https only", server, github, "TCP", 80, false},
			{"the server asks the demo's git", server, demo, "TCP", 8080, true},
			{"the server does not ask for the cloud's credentials", server, metadata, "TCP", 443, false},
			{"the server sends traces to a collector in the cluster", server, somebody, "TCP", 4318, true},
			{"the server sends traces to one outside", server, github, "TCP", 4318, true},
			{"an agent sends no traces", agent, somebody, "TCP", 4318, false},
			{"the server talks to no pod", server, somebody, "TCP", 5432, false},
			{"an agent asks for names", agent, dns, "UDP", 53, true},
			{"an agent asks for names by TCP", agent, dns, "TCP", 53, true},
			{"an agent clones", agent, github, "TCP", 443, true},
			{"an agent asks a model outside by https only", agent, github, "TCP", 80, false},
			{"an agent clones from the demo", agent, demo, "TCP", 8080, true},
			{"an agent asks LiteLLM", agent, litellm, "TCP", 4000, true},
			{"an agent does not reach the API server", agent, apiServer, "TCP", 443, false},
			{"an agent does not reach the API server on 6443", agent, apiServer, "TCP", 6443, false},
			{"an agent does not reach the kubelet", agent, kubelet, "TCP", 10250, false},
			{"an agent does not reach the cloud's credentials", agent, metadata, "TCP", 80, false},
			{"an agent does not reach them by https", agent, metadata, "TCP", 443, false},
			{"an agent does not reach them by IPv6", agent, End{Address: "fd00:ec2::254"}, "TCP", 443, false},
			{"an agent reaches the world by IPv6", agent, End{Address: "2606:4700::1"}, "TCP", 443, true},
			{"an agent does not reach the server", agent, server, "TCP", 8000, false},
			{"an agent does not reach its metrics", agent, server, "TCP", 9090, false},
			{"an agent does not reach another agent", agent, agent, "TCP", 443, false},
			{"an agent does not reach other pods", agent, somebody, "TCP", 443, false},
			{"an agent does not send mail", agent, github, "TCP", 25, false},
			{"an agent does not use ssh", agent, github, "TCP", 22, false},
			{"nobody reaches an agent", somebody, agent, "TCP", 8080, false},
			{"the server does not reach an agent", server, agent, "TCP", 8080, false},
			{"LiteLLM asks the providers", litellm, github, "TCP", 443, true},
			{"LiteLLM does not reach the API server", litellm, apiServer, "TCP", 443, false},
			{"nobody but agents reaches LiteLLM", somebody, litellm, "TCP", 4000, false},
			{"nobody else reaches the demo", somebody, demo, "TCP", 8080, false},
			{"the demo reaches nobody", demo, github, "TCP", 443, false},
		} {
			open := allowed(found, "Egress", flow.from, flow.to, flow.protocol, flow.port) &&
				allowed(found, "Ingress", flow.to, flow.from, flow.protocol, flow.port)
			if open != flow.open {
				t.Errorf("agents in %s: %q is %v", namespace, flow.what, open)
			}
		}
	}
}

// Ports of hosts and models that name one are opened, and what an operator adds.
func TestFlowsThatAreAskedFor(t *testing.T) {
	found := policies(t, "--set", "networkPolicy.enabled=true", "--set", "server.allowedGitHosts={github.com,git.example.org:8443}",
		"--set", "openai.baseUrl=https://models.example.org:9443/v1",
		"--set-json", `networkPolicy.agentsMayReach=[{"to":[{"ipBlock":{"cidr":"10.1.2.3/32"}}],"ports":[{"protocol":"TCP","port":11434}]}]`,
		"--set-json", `networkPolicy.serverMayReach=[{"to":[{"ipBlock":{"cidr":"10.1.2.5/32"}}],"ports":[{"protocol":"TCP","port":9000}]}]`,
		"--set-json", `networkPolicy.mayReachServer=[{"namespaceSelector":{"matchLabels":{"kubernetes.io/metadata.name":"ingress-nginx"}}}]`,
		"--set", "tracing.endpoint=https://otel.example.org:4319",
		"--set-json", `networkPolicy.mayTakeTraces=[{"namespaceSelector":{"matchLabels":{"kubernetes.io/metadata.name":"monitoring"}}}]`,
		"--set-json", `networkPolicy.mayReadMetrics=[{"namespaceSelector":{"matchLabels":{"kubernetes.io/metadata.name":"monitoring"}}}]`)
	agent := End{"aideator", map[string]string{"app.kubernetes.io/name": "aideator-agent", "app.kubernetes.io/instance": "aideator"}, "10.244.0.9"}
	server, world := component("aideator", "server"), End{Address: "93.184.216.34"}
	pod := func(namespace string) End { return End{namespace, nil, "10.244.0.3"} }
	for _, flow := range []struct {
		what      string
		direction string
		pod, to   End
		port      int
		open      bool
	}{
		{"agents clone from another port", "Egress", agent, world, 8443, true},
		{"the server asks there, too", "Egress", server, world, 8443, true},
		{"agents ask the model", "Egress", agent, world, 9443, true},
		{"the server asks no model", "Egress", server, world, 9443, false},
		{"agents reach what was added", "Egress", agent, End{Address: "10.1.2.3"}, 11434, true},
		{"and nothing beside it", "Egress", agent, End{Address: "10.1.2.4"}, 11434, false},
		{"webhooks reach what was added", "Egress", server, End{Address: "10.1.2.5"}, 9000, true},
		{"which is not for agents", "Egress", agent, End{Address: "10.1.2.5"}, 9000, false},
		{"and no other port of the world", "Egress", server, world, 9000, false},
		{"the ingress controller reaches the page", "Ingress", server, pod("ingress-nginx"), 8000, true},
		{"the named collector takes traces", "Egress", server, pod("monitoring"), 4319, true},
		{"others take none", "Egress", server, pod("default"), 4319, false},
		{"no other port of it", "Egress", server, pod("monitoring"), 4318, false},
		{"others do not", "Ingress", server, pod("default"), 8000, false},
		{"Prometheus reads metrics", "Ingress", server, pod("monitoring"), 9090, true},
		{"others do not read them", "Ingress", server, pod("default"), 9090, false},
	} {
		if open := allowed(found, flow.direction, flow.pod, flow.to, "TCP", flow.port); open != flow.open {
			t.Errorf("%q is %v", flow.what, open)
		}
	}
}
