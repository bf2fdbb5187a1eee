package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"testing"
)

const root, chart = "../..", "../../charts/aideator"

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// render is what helm makes of the chart.
func render(t *testing.T, options ...string) string {
	t.Helper()
	arguments := append([]string{"template", "aideator", chart, "--namespace", "aideator", "--kube-version", "1.34.0"}, options...)
	command := exec.Command("helm", arguments...)
	output, err := command.Output()
	if failed, ok := err.(*exec.ExitError); ok {
		t.Fatalf("helm %v: %s", arguments, failed.Stderr)
	} else if err != nil {
		t.Fatalf("helm is needed, which scripts/cluster/run tools builds: %v", err)
	}
	return string(output)
}

func TestReadmeHasTheValues(t *testing.T) {
	meant, err := Readme(chart)
	if err != nil {
		t.Fatal(err)
	}
	if meant != read(t, filepath.Join(chart, "README.md")) {
		t.Error("charts/aideator/README.md is not in step with values.yaml: scripts/lib/chart-docs")
	}
}

type schema struct {
	Ref        string            `json:"$ref"`
	Type       any               `json:"type"`
	Additional json.RawMessage   `json:"additionalProperties"`
	Properties map[string]schema `json:"properties"`
}

// Every value that is explained has a place in the schema, and the schema knows no other.
func TestSchemaHasTheValuesAndNoOthers(t *testing.T) {
	var top schema
	if err := json.Unmarshal([]byte(read(t, filepath.Join(chart, "values.schema.json"))), &top); err != nil {
		t.Fatal(err)
	}
	values, err := Values(filepath.Join(chart, "values.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	explained := map[string]bool{}
	for _, value := range values {
		explained[value.Path] = true
	}
	known := map[string]bool{}
	var visit func(at schema, path string)
	visit = func(at schema, path string) {
		if explained[path] {
			known[path] = true
			return
		}
		if len(at.Properties) == 0 {
			if path != "global" {
				t.Errorf("the schema has %s, which values.yaml does not", path)
			}
			return
		}
		if string(at.Additional) != "false" {
			t.Errorf("the schema lets typos in %q pass", path)
		}
		for name, inner := range at.Properties {
			visit(inner, strings.TrimPrefix(path+"."+name, "."))
		}
	}
	visit(top, "")
	for path := range explained {
		if !known[path] {
			t.Errorf("the schema does not have %s", path)
		}
	}
}

// Alerts and dashboard ask for metrics that there are.
func TestMetricsExist(t *testing.T) {
	source := read(t, root+"/src/telemetry/metrics.rs")
	names := regexp.MustCompile(`aideator_[a-z_]+`)
	seen := map[string]bool{}
	for _, file := range []string{"alerts.yaml", "dashboard.json"} {
		for _, name := range names.FindAllString(read(t, filepath.Join(chart, "files", file)), -1) {
			name = strings.TrimSuffix(name, "_bucket")
			seen[name] = true
			if !strings.Contains(source, `"`+name+`"`) {
				t.Errorf("%s asks for %s, which src/telemetry/metrics.rs does not have", file, name)
			}
		}
	}
	if len(seen) < 10 {
		t.Errorf("only %d metrics are used", len(seen))
	}
}

// Labels of the server's Role, in the order of the file, are held by scripts/lib/check-chart; here: nothing cluster-wide.
func TestNothingIsClusterWide(t *testing.T) {
	kinds := regexp.MustCompile(`(?m)^kind: (.*)$`)
	allowed := "ConfigMap Deployment HTTPRoute Ingress Job LimitRange NetworkPolicy PersistentVolumeClaim PodDisruptionBudget PrometheusRule ResourceQuota Role RoleBinding Secret Service ServiceAccount ServiceMonitor"
	found := map[string]bool{}
	for _, options := range [][]string{{"-f", everything}, {"-f", everything, "--set", "demo.enabled=false,litellm.enabled=true"}} {
		for _, match := range kinds.FindAllStringSubmatch(render(t, options...), -1) {
			found[match[1]] = true
		}
	}
	var sorted []string
	for kind := range found {
		sorted = append(sorted, kind)
	}
	sort.Strings(sorted)
	if strings.Join(sorted, " ") != allowed {
		t.Errorf("the chart makes %v, and not %s", sorted, allowed)
	}
}
