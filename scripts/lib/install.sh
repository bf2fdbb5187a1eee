# Installs the chart and waits until it is ready. Sourced after images.sh.
# shellcheck shell=bash

# model_key: a provider's key from the environment or .env; nothing means the scripted model.
model_key() {
  if [ -n "${OPENAI_API_KEY:-}" ]; then echo "$OPENAI_API_KEY"; return; fi
  [ ! -f .env ] || sed -n 's/^OPENAI_API_KEY=//p' .env | tail -n 1 | tr -d "\"'"
}

# unblock_release: a helm that was killed leaves a release "pending", which refuses every later one.
unblock_release() {
  case $(helm status "$RELEASE" --namespace "$NAMESPACE" --output json 2>/dev/null | jq -r .info.status) in
    pending-install) helm uninstall "$RELEASE" --namespace "$NAMESPACE" --wait ;;
    pending-*) helm rollback "$RELEASE" --namespace "$NAMESPACE" ;;
  esac
}

# The key travels through a pipe and is never an argument, which every process on the machine could read.
give_key() {
  KEY=$(model_key) jq -n '{apiVersion:"v1",kind:"Secret",metadata:{name:"openai-secret"},stringData:{"api-key":env.KEY}}' |
    k apply --server-side --force-conflicts -f -
}

helm_install() {
  local api agent demo settings=()
  api=$(cat "$STATE/images/api") agent=$(cat "$STATE/images/agent") demo=$(cat "$STATE/images/demo")
  unblock_release
  k get namespace "$NAMESPACE" >/dev/null 2>&1 || k create namespace "$NAMESPACE"
  if [ -n "$(model_key)" ]; then
    give_key
    settings+=(--set demo.model=false)
  fi
  case $(target) in
    own) ;;
    k3d) settings+=(--set hostIP=) ;; # its node is a container, whose own localhost nobody reaches
    *) settings+=(--set hostPort=null) ;;
  esac
  # A Job's template cannot change: one of an older image makes way.
  [ "$(k get job agent-job-dev-test -o 'jsonpath={.spec.template.spec.containers[0].image}' 2>/dev/null)" = "$agent" ] ||
    k delete job agent-job-dev-test --ignore-not-found --wait
  helm upgrade --install "$RELEASE" charts/aideator --namespace "$NAMESPACE" --values charts/values/local.yaml \
    --set-string "image.repository=${api%:*}" --set-string "image.tag=${api##*:}" \
    --set-string "agents.image=$agent" --set-string "demo.image=$demo" "${settings[@]}"
}

# wait_ready: until the new pods answer; on failure shows why.
wait_ready() {
  local deployment
  for deployment in aideator aideator-demo; do
    k rollout status "deployment/$deployment" --timeout=180s && continue
    echo "----- pods"; k get pods --output wide
    echo "----- events"; k get events --sort-by=.lastTimestamp | tail -n 15
    echo "----- log of $deployment"; k logs "deployment/$deployment" --tail=30
    return 1
  done
}

# forward_ports: what answers on this machine's ports 8000 and 30080 by itself only with a cluster of this machine.
forward_ports() {
  local service ports
  case $(target) in own | k3d) return ;; esac
  stop_forwards
  while read -r service ports; do
    setsid kubectl --context "$CONTEXT" --namespace "$NAMESPACE" port-forward "service/$service" "$ports" >"$STATE/steps/port-forward-$service.log" 2>&1 </dev/null 9>&- &
    echo $! >>"$STATE/port-forward.pids"
  done <<<$'aideator 8000:8000\naideator-demo 30080:8080'
}

stop_forwards() {
  local pid
  [ -f "$STATE/port-forward.pids" ] || return 0
  while read -r pid; do kill "$pid" 2>/dev/null || true; done <"$STATE/port-forward.pids"
  rm -f "$STATE/port-forward.pids"
}

# answers URL: waits up to 60 s for a success.
answers() {
  for _ in $(seq 120); do
    curl -fsS --max-time 5 --output /dev/null "$1" 2>"$STATE/steps/answers.log" && return
    sleep 0.5
  done
  cat "$STATE/steps/answers.log" >&2
  return 1
}

install_chart() {
  step "install the chart" "the message of helm is above; helm status $RELEASE -n $NAMESPACE" helm_install
  step "wait until it is ready" "the pod's own words are above" wait_ready
  forward_ports
  answers http://localhost:30080/healthz || die "the demo runs, but http://localhost:30080 does not answer" "another program on port 30080?"
  answers http://localhost:8000/api/v1/health ||
    die "the server runs, but http://localhost:8000 does not answer" "another program on port 8000? ss -ltnp 'sport = :8000'"
}
