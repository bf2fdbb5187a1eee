# The account, the API key and the first run, all through the HTTP API. Sourced after install.sh.
# shellcheck shell=bash

URL=http://localhost:8000

# api METHOD PATH [CURL-OPTION…]: the request body comes from standard input, where there is one; the key from $AIDEATOR_API_KEY.
# Neither is an argument: every process of the machine could read those.
api() {
  local method=$1 path=$2
  shift 2
  curl --silent --show-error --max-time 60 --request "$method" "$@" \
    --config <(printf 'header = "Content-Type: application/json"\n'; [ -z "${AIDEATOR_API_KEY:-}" ] || printf 'header = "X-API-Key: %s"\n' "$AIDEATOR_API_KEY") \
    "$URL/api/v1$path"
}

# said FILE WHAT: ends with the server's own sentence.
refused() { die "$2: $(jq -r '.detail // .' "$1" 2>/dev/null || cat "$1")" "kubectl logs deployment/aideator -n $NAMESPACE (KUBECONFIG is in .cluster/env)"; }

random() { head -c 24 /dev/urandom | base64 | tr -d '+/='; }

# account: makes .cluster/env good: the key in it works. Keeps the account it names where the server knows it.
account() {
  local answer=$STATE/steps/account.json code
  # shellcheck disable=SC1091
  [ ! -f "$STATE/env" ] || source "$STATE/env"
  if [ -n "${AIDEATOR_API_KEY:-}" ] && [ "$(api GET /auth/me --output "$answer" --write-out '%{http_code}')" = 200 ]; then
    say "account: ${AIDEATOR_EMAIL:-as before}, with the API key of .cluster/env"
    write_env
    return
  fi
  AIDEATOR_API_KEY=
  code=000
  if [ -n "${AIDEATOR_PASSWORD:-}" ]; then code=$(log_in "$answer"); fi
  if [ "$code" != 200 ]; then
    AIDEATOR_EMAIL=you-$(random | cut -c1-6 | tr '[:upper:]' '[:lower:]')@example.com
    AIDEATOR_PASSWORD=Aa1-$(random)
    code=$(EMAIL=$AIDEATOR_EMAIL PASSWORD=$AIDEATOR_PASSWORD jq -n '{email:env.EMAIL,password:env.PASSWORD}' |
      api POST /auth/register --data-binary @- --output "$answer" --write-out '%{http_code}')
    [ "$code" = 201 ] || refused "$answer" "the account was refused ($code)"
    code=$(log_in "$answer")
    [ "$code" = 200 ] || refused "$answer" "the login was refused ($code)"
  fi
  # A session's token is as good as a key to make one with.
  AIDEATOR_API_KEY=
  code=$(TOKEN=$(jq -r .access_token "$answer") && echo '{"name":"scripts/up"}' |
    curl --silent --show-error --max-time 60 --data-binary @- --output "$answer" --write-out '%{http_code}' \
      --config <(printf 'header = "Content-Type: application/json"\nheader = "Authorization: Bearer %s"\n' "$TOKEN") "$URL/api/v1/auth/api-keys")
  [ "$code" = 201 ] || refused "$answer" "the API key was refused ($code)"
  AIDEATOR_API_KEY=$(jq -r .api_key "$answer")
  rm -f "$answer"
  write_env
  say "account: $AIDEATOR_EMAIL; its password and API key are in .cluster/env"
}

# log_in FILE: prints the status, leaves the answer in FILE.
log_in() {
  EMAIL=$AIDEATOR_EMAIL PASSWORD=$AIDEATOR_PASSWORD jq -n '{email:env.EMAIL,password:env.PASSWORD}' |
    api POST /auth/login --data-binary @- --output "$1" --write-out '%{http_code}'
}

# write_env: what a shell, a test or a person needs to go on; only its owner may read it.
write_env() {
  (umask 077 && cat >"$STATE/env.new") <<END
# Written by scripts/up; use it with: source .cluster/env
export KUBECONFIG=$(printf %q "${KUBECONFIG:-$HOME/.kube/config}")
export KUBE_CONTEXT=$(printf %q "$CONTEXT")
export PATH=$(printf %q "$STATE/bin"):\$PATH
export AIDEATOR_URL=$URL
export AIDEATOR_EMAIL=$AIDEATOR_EMAIL
export AIDEATOR_PASSWORD=$AIDEATOR_PASSWORD
export AIDEATOR_API_KEY=$AIDEATOR_API_KEY
export AIDEATOR_NAMESPACE=$NAMESPACE
export AIDEATOR_DEMO_REPO=http://aideator-demo:8080/git/parse-duration.git
export AIDEATOR_DEMO_CLONE=http://localhost:30080/git/parse-duration.git
END
  mv "$STATE/env.new" "$STATE/env"
}

# experiment: one run with three variations, shown line by line, then what came of it.
experiment() {
  local answer=$STATE/steps/run.json code run
  export AIDEATOR_API_KEY
  if [ -n "$(model_key)" ]; then
    REPO=https://github.com/octocat/Hello-World CLONE=$REPO
    PROMPT="Add a README.md that says what this repository is, what is in it and how to use it."
    CHECKS='[]'
    say "model: your provider, with the key from the environment or .env; repository: $REPO"
  else
    REPO=http://aideator-demo:8080/git/parse-duration.git CLONE=http://localhost:30080/git/parse-duration.git
    PROMPT="The tests of this repository fail. Repair parse_duration so that they pass, without changing the tests."
    CHECKS='["python3 -m unittest"]'
    say "model: SCRIPTED (no OPENAI_API_KEY in the environment or .env): its words are prepared, everything else is real"
  fi
  code=$(REPO=$REPO PROMPT=$PROMPT CHECKS=$CHECKS jq -n '{github_url:env.REPO,prompt:env.PROMPT,variations:3,checks:(env.CHECKS|fromjson)}' |
    api POST /runs --data-binary @- --output "$answer" --write-out '%{http_code}')
  [ "$code" = 202 ] || refused "$answer" "the run was refused ($code)"
  run=$(jq -r .run_id "$answer")
  say "run $run: three variations; also at $URL/stream?run=$run and, for the first: kubectl logs -f job/agent-$run-0 -n $NAMESPACE"
  echo
  COLOUR=$([ -t 1 ] && echo 1 || echo 0) show_run "$run"
  outcome "$run" "$CLONE"
}

# show_run RUN: follows the stream until the server ends it, from where it broke off if it breaks off.
show_run() {
  local run=$1
  for _ in $(seq 5); do
    curl --silent --show-error --no-buffer --max-time 1800 --header "Accept: text/event-stream" \
      --config <(printf 'header = "X-API-Key: %s"\n' "$AIDEATOR_API_KEY"; [ ! -s "$STATE/steps/position" ] || printf 'header = "Last-Event-ID: %s"\n' "$(cat "$STATE/steps/position")") \
      "$URL/api/v1/runs/$run/stream" | tee >(sed -n 's/^id: *//p' | tail -n 1 >"$STATE/steps/position") |
      jq --raw-input --raw-output --unbuffered --null-input --from-file scripts/lib/show-run.jq || true
    case $(api GET "/runs/$run" | jq -r .status) in completed | failed | cancelled) rm -f "$STATE/steps/position"; return ;; esac
    say "the stream broke off; it goes on from there"
    sleep 1
  done
  die "the run did not end" "$URL/stream?run=$run, or kubectl get jobs,pods -n $NAMESPACE"
}

# outcome RUN CLONE-URL: patches, checks and verdicts side by side, then the commands that go on from here.
outcome() {
  local run=$1 clone=$2 count i best
  api GET "/runs/$run" >"$STATE/steps/run.json"
  count=$(jq '.variations|length' "$STATE/steps/run.json")
  for i in $(seq 0 $((count - 1))); do api GET "/runs/$run/variations/$i/verify" >"$STATE/steps/verify-$i.json"; done
  echo
  jq --raw-output --slurp --from-file scripts/lib/outcome.jq "$STATE/steps/run.json" "$STATE"/steps/verify-[0-9].json
  rm -f "$STATE"/steps/verify-[0-9].json
  # The first one that succeeded with all its checks; the first one of all where none did.
  best=$(jq '[.variations[] | select(.status == "succeeded" and .patch and ([(.checks // [])[] | select(.exit_code != 0)] == [])) | .variation_id] | first // 0' "$STATE/steps/run.json")
  cat <<END

Compare them:  $URL/stream?run=$run   (sign in with AIDEATOR_EMAIL and AIDEATOR_PASSWORD of .cluster/env)
Pick one, here variation $((best + 1)) ($best in the API):
  source .cluster/env
  curl -sS -X POST \$AIDEATOR_URL/api/v1/runs/$run/select -H "X-API-Key: \$AIDEATOR_API_KEY" -H 'Content-Type: application/json' -d '{"winning_variation_id":$best}'
Apply it to a clone:
  git clone $clone picked && cd picked && git checkout -q $(jq -r .base_sha "$STATE/steps/run.json")
  curl -fsS \$AIDEATOR_URL/api/v1/runs/$run/variations/$best/patch -H "X-API-Key: \$AIDEATOR_API_KEY" | git apply
END
}
