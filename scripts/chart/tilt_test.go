package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.starlark.net/starlark"
	"go.starlark.net/starlarkstruct"
	"go.starlark.net/syntax"
)

// Tilt cannot be installed where this is built, so the Tiltfile is run by Starlark's own interpreter, with stubs in place of
// Tilt's functions (https://docs.tilt.dev/api.html). They take the arguments that Tilt takes and no others, check that what
// is named is there, and note the order.
type tilt struct {
	t         *testing.T
	resources map[string]bool
	waits     map[string][]string
	images    []string
	manifests string
	swaps     []string
}

// one makes a builtin of which only these arguments exist; check gets those that were given.
func (tilt *tilt) one(name string, known string, check func(given map[string]starlark.Value) starlark.Value) *starlark.Builtin {
	names := strings.Fields(known)
	return starlark.NewBuiltin(name, func(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		given := map[string]starlark.Value{}
		if len(args) > len(names) {
			return nil, fmt.Errorf("%s takes %s", name, known)
		}
		for i, arg := range args {
			given[names[i]] = arg
		}
		for _, pair := range kwargs {
			key := string(pair[0].(starlark.String))
			if !strings.Contains(" "+known+" ", " "+key+" ") {
				return nil, fmt.Errorf("%s has no argument %s", name, key)
			}
			given[key] = pair[1]
		}
		return check(given), nil
	})
}

func text(value starlark.Value) string {
	s, _ := starlark.AsString(value)
	return s
}

func texts(value starlark.Value) []string {
	var found []string
	if list, ok := value.(*starlark.List); ok {
		for i := range list.Len() {
			found = append(found, text(list.Index(i)))
		}
	} else if value != nil {
		found = append(found, text(value))
	}
	return found
}

func (tilt *tilt) exists(path string) {
	if _, err := os.Stat(filepath.Join(root, path)); err != nil || path == "" {
		tilt.t.Errorf("the Tiltfile names %q, which is not there", path)
	}
}

func (tilt *tilt) resource(name string, given map[string]starlark.Value) {
	if tilt.resources[name] {
		tilt.t.Errorf("there are two resources %s", name)
	}
	tilt.resources[name] = true
	tilt.waits[name] = texts(given["resource_deps"])
	if len(texts(given["labels"])) == 0 {
		tilt.t.Errorf("%s has no label", name)
	}
}

func (tilt *tilt) dockerBuild(given map[string]starlark.Value) starlark.Value {
	tilt.exists(text(given["context"]))
	dockerfile := read(tilt.t, root+"/Dockerfile")
	if !regexp.MustCompile(`(?m)^FROM .* AS ` + text(given["target"]) + `$`).MatchString(dockerfile) {
		tilt.t.Errorf("the Dockerfile has no target %q", text(given["target"]))
	}
	only := texts(given["only"])
	for _, path := range only {
		tilt.exists(path)
	}
	// The whole workspace is needed: cargo reads every member's manifest.
	for _, needed := range []string{"Cargo.toml", "Cargo.lock", "src", "build.rs", "templates", "agent", "scripts/demo", "frontend"} {
		if !strings.Contains(" "+strings.Join(only, " ")+" ", " "+needed+" ") {
			tilt.t.Errorf("%s does not see %s, which its build reads", text(given["ref"]), needed)
		}
	}
	tilt.images = append(tilt.images, text(given["ref"]))
	return starlark.None
}

// Of the host's program, which the `compile` resource makes.
const built = ".cluster/live"

func (tilt *tilt) customBuild(given map[string]starlark.Value) starlark.Value {
	command := text(given["command"])
	target := regexp.MustCompile(`--target (\S+)`).FindStringSubmatch(command)
	if target == nil || !regexp.MustCompile(`(?m)^FROM .* AS `+target[1]+`$`).MatchString(read(tilt.t, root+"/Dockerfile")) {
		tilt.t.Errorf("the Dockerfile has no such target: %s", command)
	}
	if !strings.Contains(command, "$EXPECTED_REF") || !strings.Contains(command, "binaries="+built+" ") {
		tilt.t.Errorf("%s", command)
	}
	for _, path := range texts(given["deps"]) {
		if path != built {
			tilt.exists(path)
		}
	}
	tilt.images = append(tilt.images, text(given["ref"]))
	tilt.swaps = texts(given["live_update"])
	return starlark.None
}

func (tilt *tilt) helm(given map[string]starlark.Value) starlark.Value {
	tilt.exists(text(given["path"]))
	options := []string{}
	for _, file := range texts(given["values"]) {
		tilt.exists(file)
		options = append(options, "-f", filepath.Join(root, file))
	}
	for _, set := range texts(given["set"]) {
		options = append(options, "--set", set)
	}
	if text(given["name"]) != "aideator" || text(given["namespace"]) != "aideator" {
		tilt.t.Errorf("the release is %v in %v", given["name"], given["namespace"])
	}
	return starlark.String(render(tilt.t, options...))
}

func runTiltfile(t *testing.T, env string, live bool) *tilt {
	tilt := &tilt{t: t, resources: map[string]bool{}, waits: map[string][]string{}}
	none := func(map[string]starlark.Value) starlark.Value { return starlark.None }
	isEnv := func(path starlark.Value) bool { return text(path) == ".env" }
	stubs := starlark.StringDict{
		"allow_k8s_contexts": tilt.one("allow_k8s_contexts", "contexts", func(given map[string]starlark.Value) starlark.Value {
			name := regexp.MustCompile(`(?m)^  name: (.*)$`).FindStringSubmatch(read(t, root+"/scripts/k3d.yaml"))[1]
			if text(given["contexts"]) != "k3d-"+name {
				t.Errorf("context %v, but scripts/k3d.yaml makes k3d-%s", given["contexts"], name)
			}
			return starlark.None
		}),
		"default_registry": tilt.one("default_registry", "host host_from_cluster single_name", func(given map[string]starlark.Value) starlark.Value {
			port := regexp.MustCompile(`hostPort: "(\d+)"`).FindStringSubmatch(read(t, root+"/scripts/k3d.yaml"))[1]
			if text(given["host"]) != "localhost:"+port {
				t.Errorf("registry %v, but scripts/k3d.yaml makes port %s", given["host"], port)
			}
			return starlark.None
		}),
		"local_resource": tilt.one("local_resource", "name cmd deps trigger_mode auto_init serve_cmd ignore resource_deps env serve_env readiness_probe links labels allow_parallel dir serve_dir", func(given map[string]starlark.Value) starlark.Value {
			tilt.resource(text(given["name"]), given)
			if given["cmd"] == nil && given["serve_cmd"] == nil {
				t.Errorf("%v does nothing", given["name"])
			}
			for _, path := range texts(given["deps"]) {
				if path != ".env" {
					tilt.exists(path)
				}
			}
			for _, match := range regexp.MustCompile(`--prefix (\S+)|(?:^|\s)(scripts/\S+)`).FindAllStringSubmatch(text(given["cmd"])+"\n"+text(given["serve_cmd"]), -1) {
				tilt.exists(match[1] + match[2])
			}
			return starlark.None
		}),
		"docker_build": tilt.one("docker_build", "ref context build_args dockerfile dockerfile_contents live_update match_in_env_vars ignore only entrypoint target ssh secret network extra_tag container_args cache_from pull platform", tilt.dockerBuild),
		"custom_build": tilt.one("custom_build", "ref command deps tag disable_push live_update match_in_env_vars ignore skips_local_docker entrypoint command_bat_val outputs_image_ref_to command_bat image_deps env dir", tilt.customBuild),
		"sync": tilt.one("sync", "local_path remote_path", func(given map[string]starlark.Value) starlark.Value {
			return starlark.String("sync " + text(given["local_path"]) + " " + text(given["remote_path"]))
		}),
		"run": tilt.one("run", "cmd trigger echo_off", func(given map[string]starlark.Value) starlark.Value {
			return starlark.String("run " + text(given["cmd"]))
		}),
		"config": starlarkstruct.FromStringDict(starlarkstruct.Default, starlark.StringDict{
			"define_bool": tilt.one("define_bool", "name args usage", none),
			"parse": tilt.one("parse", "", func(map[string]starlark.Value) starlark.Value {
				said := starlark.NewDict(1)
				if live {
					if err := said.SetKey(starlark.String("live"), starlark.True); err != nil {
						t.Fatal(err)
					}
				}
				return said
			}),
		}),
		"helm": tilt.one("helm", "path name namespace values set kube_version skip_crds", tilt.helm),
		"k8s_yaml": tilt.one("k8s_yaml", "yaml allow_duplicates", func(given map[string]starlark.Value) starlark.Value {
			tilt.manifests += text(given["yaml"])
			return starlark.None
		}),
		"k8s_kind": tilt.one("k8s_kind", "kind api_version image_json_path image_object pod_readiness", none),
		"k8s_resource": tilt.one("k8s_resource", "workload new_name port_forwards extra_pod_selectors trigger_mode resource_deps objects auto_init pod_readiness links labels discovery_strategy", func(given map[string]starlark.Value) starlark.Value {
			name := text(given["workload"])
			tilt.resource(name, given)
			if !regexp.MustCompile(`(?m)^kind: (Deployment|Job)\nmetadata:\n  name: ` + name + `$`).MatchString(tilt.manifests) {
				t.Errorf("the chart makes no workload %s", name)
			}
			for _, forward := range texts(given["port_forwards"]) {
				if !regexp.MustCompile(`^\d+:\d+$`).MatchString(forward) {
					t.Errorf("%s forwards %q", name, forward)
				}
			}
			return starlark.None
		}),
		"read_file": tilt.one("read_file", "file_path default", func(given map[string]starlark.Value) starlark.Value {
			if isEnv(given["file_path"]) {
				return starlark.String(env)
			}
			return starlark.String(read(t, filepath.Join(root, text(given["file_path"]))))
		}),
		"os": starlarkstruct.FromStringDict(starlarkstruct.Default, starlark.StringDict{
			"path": starlarkstruct.FromStringDict(starlarkstruct.Default, starlark.StringDict{
				"exists": tilt.one("exists", "path", func(given map[string]starlark.Value) starlark.Value {
					return starlark.Bool(isEnv(given["path"]) && env != "")
				}),
			}),
		}),
	}
	// As Tilt has it: an `if` outside of functions.
	options := &syntax.FileOptions{TopLevelControl: true}
	if _, err := starlark.ExecFileOptions(options, &starlark.Thread{Name: "Tiltfile"}, root+"/Tiltfile", nil, stubs); err != nil {
		t.Fatal(err)
	}
	return tilt
}

func TestTiltfile(t *testing.T) {
	for _, env := range []string{"", "OPENAI_API_KEY=sk-1\n"} {
		tilt := runTiltfile(t, env, env != "")
		for name, waits := range tilt.waits {
			for _, other := range waits {
				if !tilt.resources[other] {
					t.Errorf("%s waits for %s, which nobody makes", name, other)
				}
			}
		}
		for _, image := range tilt.images {
			if !regexp.MustCompile(`image: "?` + image + `:`).MatchString(tilt.manifests) {
				t.Errorf("no pod has the image %s, so Tilt would not build it", image)
			}
		}
		if len(tilt.images) != 3 || !tilt.resources["cluster-check"] || !tilt.resources["page"] {
			t.Errorf("%v, %v", tilt.images, tilt.resources)
		}
		if real := strings.Contains(tilt.manifests, "openai-secret"); real != (env != "") {
			t.Errorf("with .env %q agents use a provider: %v", env, real)
		}
		// The node's port would be in the way of Tilt's own forward.
		if strings.Contains(tilt.manifests, "hostPort") {
			t.Error("the server's pod takes a port of the node")
		}
	}
}

// What is swapped is what was compiled, and the image's entry point runs it from there and sees the restart.
func TestTheServerIsSwapped(t *testing.T) {
	swaps := runTiltfile(t, "", true).swaps
	tilt, server := read(t, root+"/Tiltfile"), read(t, root+"/scripts/lib/live-server")
	if len(swaps) != 2 || swaps[0] != "sync "+built+"/aideator /tmp/live/aideator" || swaps[1] != "run date >/tmp/live/restart" {
		t.Errorf("%v", swaps)
	}
	if !strings.Contains(tilt, "target/release/aideator "+built+"/aideator") {
		t.Error("the Tiltfile does not install what it compiles")
	}
	for _, words := range []string{"live=/tmp/live\n", `exec entr -n -r "$live/aideator"`, "\n$live/restart\n"} {
		if !strings.Contains(server, words) {
			t.Errorf("scripts/lib/live-server does not say %q", words)
		}
	}
	if swaps := runTiltfile(t, "", false).swaps; swaps != nil {
		t.Errorf("without --live: %v", swaps)
	}
}
