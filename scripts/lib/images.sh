# Builds the page, the binaries and the images. Sourced after cluster.sh. Tags are hashes of what is inside, so a tag never
# means two things, and what did not change is neither built nor loaded again. .cluster/images/NAME holds the current ones.
# shellcheck shell=bash

# The package of each image.
declare -A PACKAGE=([api]=aideator [agent]=aideator-agent [demo]=aideator-demo)

build_page() {
  local stamp=$STATE/page.stamp sources
  sources=$(fingerprint frontend ':!frontend/tests')
  [ "$(cat "$stamp" 2>/dev/null)" != "$sources" ] || [ ! -f frontend/out/index.html ] || return 0
  have npm || die "npm is missing, which builds the page" "install Node.js 20 or newer"
  local lock=$STATE/npm.stamp
  if [ "$(cat "$lock" 2>/dev/null)" != "$(fingerprint frontend/package-lock.json)" ] || [ ! -d frontend/node_modules ]; then
    step "install the page's packages" "npm must reach its registry; see the message above" npm --prefix frontend ci --no-audit --no-fund
    fingerprint frontend/package-lock.json >"$lock"
  fi
  step "build the page" "npm --prefix frontend run build shows it again" npm --prefix frontend run build
  echo "$sources" >"$stamp"
}

# compile IMAGE…: release binaries of the host into .cluster/binaries. One package at a time: building them in one command
# would give each the features of all.
compile() {
  local name
  have cargo || die "cargo is missing, which builds the server" "install Rust 1.94 or newer, for example with rustup"
  mkdir -p "$STATE/binaries"
  for name in "$@"; do
    step "compile $name" "cargo build --release -p ${PACKAGE[$name]} shows it again" \
      cargo build --release ${CI:+--locked} --package "${PACKAGE[$name]}"
    install -m 755 "${CARGO_TARGET_DIR:-target}/release/${PACKAGE[$name]}" "$STATE/binaries/"
    # Upstream's kubectl, built by scripts/cluster, goes into the server's image.
    [ "$name" != api ] || install -m 755 "$(readlink -f "$STATE/bin/kubectl")" "$STATE/binaries/kubectl"
  done
}

# base_of IMAGE: its base, made from Debian packages unless API_BASE_IMAGE or AGENT_BASE_IMAGE names another.
base_of() {
  local kind=agent given=${AGENT_BASE_IMAGE:-}
  [ "$1" != api ] || kind=api given=${API_BASE_IMAGE:-}
  if [ -n "$given" ]; then echo "$given"; else scripts/lib/base-image $kind; fi
}

# image_with_buildah NAME: wraps the host's binaries.
image_with_buildah() {
  local name=$1 base image files=("${PACKAGE[$1]}")
  [ "$name" != api ] || files+=(kubectl)
  base=$(base_of "$name")
  image=aideator-$name:$({ echo "$base"; cat Dockerfile; (cd "$STATE/binaries" && sha256sum "${files[@]}"); } | tag_of)
  if ! has_image "$image"; then
    buildah build --quiet --target "$name" --build-context "binaries=$STATE/binaries" \
      --build-arg "API_BASE_IMAGE=$base" --build-arg "AGENT_BASE_IMAGE=$base" --tag "localhost/$image" .
    load_image "$image"
    # Of the image built before, only the cluster's copy is of use.
    buildah rmi --force "localhost/$image" >/dev/null || true
  fi
  image_name "$image" >"$STATE/images/$name"
}

# image_with_docker NAME: builds from source, for bases and C libraries of the host do not matter then.
image_with_docker() {
  local name=$1 image
  docker build --target "$name" --iidfile "$STATE/$name.iid" .
  image=aideator-$name:$(sed 's/^sha256://' "$STATE/$name.iid" | cut -c1-12)
  docker tag "$(cat "$STATE/$name.iid")" "$image"
  load_image "$image"
  image_name "$image" >"$STATE/images/$name"
}

# build_images IMAGE…
build_images() {
  local name
  mkdir -p "$STATE/images"
  if [ "$(target)" = own ]; then
    need_packages buildah=buildah mmdebstrap=mmdebstrap
    # The server embeds the page, so the page comes first.
    [[ " $* " != *" api "* ]] || build_page
    compile "$@"
    for name in "$@"; do
      step "image $name" "buildah's message is above; scripts/lib/base-image makes the bases" image_with_buildah "$name"
    done
  else
    for name in "$@"; do
      step "image $name" "docker's message is above" image_with_docker "$name"
    done
  fi
}
