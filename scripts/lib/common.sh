# Shared by the scripts beside it: sourced, never run. Sets ROOT (the checkout) and STATE (what the scripts leave behind).
# shellcheck shell=bash
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
STATE=$ROOT/.cluster
NAMESPACE=aideator
RELEASE=aideator
# The cluster's own kubeconfig wherever scripts/cluster made it; KUBECONFIG as the user has it otherwise.
export STATE NAMESPACE RELEASE
# buildah without user namespaces or a daemon: works for root in a container, too.
export BUILDAH_ISOLATION=${BUILDAH_ISOLATION:-chroot}
# The cluster's own kubectl and helm come first, so that client and server are of one version.
export PATH=$STATE/bin:$PATH
cd "$ROOT"
umask 022
mkdir -p "$STATE/steps"

STARTED=${STARTED:-$(date +%s)}
export STARTED

# say TEXT: one line of progress with the seconds since the script began.
say() { printf '[%4ds] %s\n' "$(($(date +%s) - STARTED))" "$*"; }

# die TEXT [WHAT-TO-DO]: ends the script with a sentence and advice.
die() {
  printf '\nfailed: %s\n' "$1" >&2
  [ $# -lt 2 ] || printf 'what to do: %s\n' "$2" >&2
  exit 1
}

# step NAME ADVICE COMMAND…: runs COMMAND with its output in .cluster/steps/NAME.log; when it fails, shows the end of it and ADVICE.
step() {
  local name=$1 advice=$2 began log
  shift 2
  log=$STATE/steps/${name// /-}.log
  began=$(date +%s)
  say "$name …"
  # A subshell of its own and no `if`: bash ignores `set -e` in everything that a condition calls.
  set +e
  (set -e && "$@") >"$log" 2>&1 </dev/null
  local code=$?
  set -e
  if [ $code != 0 ]; then
    printf -- '----- the end of %s\n' "$log" >&2
    tail -n 40 "$log" >&2
    die "$name (exit code $code)" "$advice"
  fi
  say "$name done in $(($(date +%s) - began)) s"
}

# alone: one script at a time may build and install from this checkout; the others wait.
alone() {
  exec 9>"$STATE/lock"
  flock --nonblock 9 && return
  say "another script of this checkout is at work; waiting for it …"
  flock --wait 1800 9 || die "the other script did not end within 30 minutes" "fuser -v $STATE/lock shows it"
}

have() { command -v "$1" >/dev/null 2>&1; }

# need_packages COMMAND=PACKAGE…: installs the Debian packages whose command is missing.
need_packages() {
  local pair missing=()
  for pair in "$@"; do have "${pair%%=*}" || [ -x "/usr/sbin/${pair%%=*}" ] || missing+=("${pair##*=}"); done
  [ ${#missing[@]} -gt 0 ] || return 0
  have apt-get || die "missing programs: ${missing[*]}" "install them with your system's package manager, then run this again"
  local sudo=()
  if [ "$(id -u)" != 0 ]; then
    have sudo || die "missing packages: ${missing[*]}" "as root: apt-get install ${missing[*]}"
    sudo=(sudo)
  fi
  step "install ${missing[*]}" "look at the message of apt-get above; offline, install them from your own mirror" \
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive sh -c 'apt-get update -qq && apt-get install -y --no-install-recommends "$@"' sh "${missing[@]}"
}

# fingerprint PATH…: a hash of the files git knows or would add under the paths, by name and content.
fingerprint() {
  git ls-files -z --cached --others --exclude-standard -- "$@" | sort -zu |
    while IFS= read -r -d '' file; do [ ! -f "$file" ] || sha256sum "$file"; done | sha256sum | cut -c1-16
}

# hash of standard input, short enough for an image tag.
tag_of() { sha256sum | cut -c1-12; }
