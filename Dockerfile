# Three images from one file: `api` (the server), `agent` (what a Job runs), `demo` (the scripted model and git server);
# and `agent-NAME` for each program that can take the agent's seat (agent/engines), `agent-bare`, and `api-live` for Tilt.
#
# From source:                docker build --target api .
# From binaries of the host:  docker build --target api --build-context binaries=DIR .   (scripts/lib/images does this with buildah)
# where DIR holds aideator, aideator-agent, aideator-demo and kubectl. The stages that compile are then skipped.

# Distroless: glibc and CA certificates, no shell and no package manager; kubectl and the server need neither.
ARG API_BASE_IMAGE=gcr.io/distroless/cc-debian12
# Agents work with tools, so theirs is a Debian; whatever is missing in it is installed below.
ARG AGENT_BASE_IMAGE=docker.io/library/debian:bookworm-slim
# Within one minor of the cluster's; scripts/cluster builds the same version.
ARG KUBECTL_IMAGE=registry.k8s.io/kubectl:v1.34.4

FROM docker.io/library/node:20-bookworm-slim AS page
WORKDIR /src/frontend
COPY frontend/package.json frontend/package-lock.json frontend/.npmrc ./
RUN npm ci
COPY frontend ./
RUN npm run build

FROM docker.io/library/rust:1-bookworm AS build
WORKDIR /src
COPY . .
# The server embeds the page, so the page comes first.
COPY --from=page /src/frontend/out frontend/out
# One package at a time: building them in one command would give each the features of all.
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
    set -e; mkdir /binaries; for package in aideator aideator-agent aideator-demo; do \
      cargo build --release --locked --package "$package"; cp "target/release/$package" /binaries/; done

FROM ${KUBECTL_IMAGE} AS kubectl

FROM scratch AS binaries
COPY --from=build /binaries/ /
COPY --from=kubectl /bin/kubectl /kubectl

FROM ${API_BASE_IMAGE} AS api
ARG VERSION=dev REVISION=unknown
LABEL org.opencontainers.image.version="${VERSION}" org.opencontainers.image.revision="${REVISION}"
LABEL org.opencontainers.image.title="AIdeator server" org.opencontainers.image.licenses="Apache-2.0"
COPY --from=binaries /kubectl /aideator /usr/local/bin/
# Give memory back that a password hash or a burst of logs took (mallopt(3)): 25 MiB stay, not 60.
ENV MALLOC_ARENA_MAX=2 MALLOC_MMAP_THRESHOLD_=131072 MALLOC_TRIM_THRESHOLD_=131072
USER 1000:1000
EXPOSE 8000
ENTRYPOINT ["/usr/local/bin/aideator"]

FROM ${AGENT_BASE_IMAGE} AS tools
# A base that already has the tools (scripts/lib/base-image) is left as it is.
RUN for tool in git python3 curl make; do command -v "$tool" >/dev/null || missing=1; done; \
    [ -e /etc/ssl/certs/ca-certificates.crt ] || missing=1; \
    if [ -n "$missing" ]; then apt-get update \
      && apt-get install --yes --no-install-recommends ca-certificates curl git make python3 \
      && rm -rf /var/lib/apt/lists/*; fi

# For `tilt up -- --live`: the server's program can be swapped, which needs a shell, tar and entr.
FROM tools AS api-live
RUN apt-get update && apt-get install --yes --no-install-recommends entr && rm -rf /var/lib/apt/lists/*
COPY --from=kubectl /bin/kubectl /usr/local/bin/
COPY --from=binaries /aideator /usr/local/bin/
COPY scripts/lib/live-server /usr/local/bin/
USER 1000:1000
EXPOSE 8000
ENTRYPOINT ["live-server"]

FROM tools AS agent
ARG VERSION=dev REVISION=unknown
LABEL org.opencontainers.image.version="${VERSION}" org.opencontainers.image.revision="${REVISION}"
LABEL org.opencontainers.image.title="AIdeator agent" org.opencontainers.image.licenses="Apache-2.0"
COPY --from=binaries /aideator-agent /usr/local/bin/
USER 1000:1000
WORKDIR /workspace
ENTRYPOINT ["/usr/local/bin/aideator-agent"]

# The same without a shell and without git: enough for a judge, and the floor to compare sizes with.
FROM ${API_BASE_IMAGE} AS agent-bare
COPY --from=binaries /aideator-agent /usr/local/bin/
USER 1000:1000
ENTRYPOINT ["/usr/local/bin/aideator-agent"]

# Programs that are one binary each, from npm.
FROM docker.io/library/node:20-bookworm-slim AS engines
WORKDIR /engines
RUN npm pack --silent opencode-linux-x64@1.18.34 @anthropic-ai/claude-code-linux-x64@2.1.332 \
      @openai/codex@0.169.0-linux-x64 \
    && for package in *.tgz; do mkdir "${package%.tgz}"; tar xzf "$package" -C "${package%.tgz}"; rm "$package"; done \
    && mkdir bin && find . -type f \( -name opencode -o -name claude -o -name codex \) -exec mv {} bin/ \;

FROM agent AS agent-opencode
COPY --from=engines /engines/bin/opencode /usr/local/bin/
COPY agent/engines/opencode /usr/local/bin/engine-opencode

FROM agent AS agent-claude-code
COPY --from=engines /engines/bin/claude /usr/local/bin/
COPY agent/engines/claude-code /usr/local/bin/engine-claude-code

FROM agent AS agent-codex
COPY --from=engines /engines/bin/codex /usr/local/bin/
COPY agent/engines/codex /usr/local/bin/engine-codex

FROM docker.io/library/node:20-bookworm-slim AS gemini
RUN npm install --global --omit=optional @google/gemini-cli@0.61.0

FROM agent AS agent-gemini
COPY --from=gemini /usr/local/bin/node /usr/local/bin/
COPY --from=gemini /usr/local/lib/node_modules/@google /usr/local/lib/node_modules/@google
USER 0
RUN ln -s ../lib/node_modules/@google/gemini-cli/bundle/gemini.js /usr/local/bin/gemini
# It reads these only where they belong to root.
COPY agent/engines/gemini.json /etc/gemini-cli/settings.json
COPY agent/engines/gemini /usr/local/bin/engine-gemini
USER 1000:1000

FROM agent AS agent-aider
USER 0
RUN apt-get update && apt-get install --yes --no-install-recommends python3-venv \
    && rm -rf /var/lib/apt/lists/* \
    && python3 -m venv /opt/aider && /opt/aider/bin/pip install --no-cache-dir aider-chat==0.86.2 \
    && ln -s /opt/aider/bin/aider /usr/local/bin/aider
COPY agent/engines/aider /usr/local/bin/engine-aider
USER 1000:1000

FROM tools AS demo
ARG VERSION=dev REVISION=unknown
LABEL org.opencontainers.image.version="${VERSION}" org.opencontainers.image.revision="${REVISION}"
LABEL org.opencontainers.image.title="AIdeator scripted model and git server (for demonstrations and tests)" org.opencontainers.image.licenses="Apache-2.0"
COPY --from=binaries /aideator-demo /usr/local/bin/
USER 1000:1000
EXPOSE 8080
ENTRYPOINT ["/usr/local/bin/aideator-demo"]
