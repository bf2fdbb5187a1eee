# An agent that is a shell: it runs the prompt. For tests of what containers print and how they end.
ARG BASE
FROM ${BASE}
USER 1000:1000
WORKDIR /workspace
ENTRYPOINT ["sh", "/run/aideator/prompt.txt"]
