# Which cluster is used, and how images get into it. Sourced after common.sh.
# shellcheck shell=bash

# .cluster/target remembers the choice for the scripts that follow: "own", "k3d" or "context NAME".
target() { cat "$STATE/target" 2>/dev/null || true; }

# choose_cluster [CONTEXT]: brings a cluster up and remembers which.
choose_cluster() {
  local context=${1:-}
  if [ -n "$context" ]; then
    need_client
    kubectl --context "$context" get namespaces >/dev/null 2>"$STATE/steps/context.log" ||
      die "context '$context' does not answer: $(tail -n 1 "$STATE/steps/context.log")" "kubectl config get-contexts lists the contexts you have"
    say "cluster: your context $context"
    echo "context $context" >"$STATE/target"
  elif have k3d && docker info >/dev/null 2>&1; then
    need_client
    say "cluster: k3d, because a Docker daemon and k3d are here"
    k3d cluster list aideator >/dev/null 2>&1 ||
      step "create the k3d cluster" "the message of k3d is above; a port in use (8000, 30080, 5005) is the usual reason" k3d cluster create --config scripts/k3d.yaml
    step "start the k3d cluster" "look at: docker ps, k3d cluster list" k3d cluster start aideator --wait
    echo k3d >"$STATE/target"
  else
    say "cluster: scripts/cluster, because there is no Docker daemon with k3d (the first build takes about ten minutes)"
    # Its processes outlive this script and must not keep the lock.
    scripts/cluster/run up </dev/null 9>&- || die "the cluster did not come up" "the component's log is above; scripts/cluster/run down, then scripts/up again"
    echo own >"$STATE/target"
  fi
  use_cluster
}

# use_cluster: points kubectl and helm at the remembered cluster.
use_cluster() {
  case $(target) in
    own) export KUBECONFIG=$STATE/kubeconfig CONTEXT=aideator ;;
    k3d) CONTEXT=k3d-aideator ;;
    "context "*) CONTEXT=$(target | cut -d' ' -f2-) ;;
    *) die "no cluster has been chosen yet" "run scripts/up first" ;;
  esac
  export CONTEXT HELM_KUBECONTEXT=$CONTEXT
}

k() { kubectl --context "$CONTEXT" --namespace "$NAMESPACE" "$@"; }

# need_client: kubectl and helm, from PATH or built from Go modules.
need_client() {
  have kubectl && have helm && return
  step "build kubectl and helm" "or install both yourself and run this again" scripts/cluster/run tools
}

# has_image IMAGE: whether the node has it, so that loading can be left out. Unknown counts as no.
has_image() {
  [ "$(target)" = own ] && [ -n "$(ctr --address /run/aideator-cluster/containerd.sock --namespace k8s.io images ls --quiet "name==docker.io/library/$1" 2>/dev/null)" ]
}

# load_image IMAGE: brings an image just built to where the cluster's nodes find it.
load_image() {
  local image=$1 archive
  case $(target) in
    own)
      archive=$STATE/image-${image%%:*}.tar
      rm -f "$archive"
      buildah push --quiet "localhost/$image" "docker-archive:$archive:docker.io/library/$image"
      scripts/cluster/run load "$archive"
      rm -f "$archive" ;;
    k3d) k3d image import --cluster aideator "$image" ;;
    "context kind-"*) kind load docker-image --name "${CONTEXT#kind-}" "$image" ;;
    "context k3d-"*) k3d image import --cluster "${CONTEXT#k3d-}" "$image" ;;
    "context minikube") minikube image load "$image" ;;
    "context docker-desktop" | "context rancher-desktop") ;; # shares the daemon's images
    *)
      [ -n "${REGISTRY:-}" ] || { echo "set REGISTRY to a registry that context $CONTEXT pulls from, for example REGISTRY=ghcr.io/you"; return 1; }
      docker tag "$image" "$REGISTRY/$image" && docker push "$REGISTRY/$image" ;;
  esac
}

# image_name IMAGE: what the chart calls it.
image_name() {
  case $(target) in
    own | k3d | "context kind-"* | "context k3d-"* | "context minikube" | "context docker-desktop" | "context rancher-desktop") echo "$1" ;;
    *) echo "${REGISTRY:+$REGISTRY/}$1" ;;
  esac
}
