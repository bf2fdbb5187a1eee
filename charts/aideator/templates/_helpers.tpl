{{/* The base of all names: the release's, unless overridden. */}}
{{- define "aideator.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "aideator.fullname" -}}
{{- $name := include "aideator.name" . -}}
{{- if .Values.fullnameOverride -}}{{ .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- else if contains $name .Release.Name -}}{{ .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else -}}{{ printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" }}{{- end -}}
{{- end -}}

{{- define "aideator.demoName" -}}{{ include "aideator.fullname" . }}-demo{{- end -}}

{{- define "aideator.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}{{ default (include "aideator.fullname" .) .Values.serviceAccount.name }}
{{- else -}}{{ required "serviceAccount.name is needed when serviceAccount.create is false" .Values.serviceAccount.name }}{{- end -}}
{{- end -}}

{{/* Labels of one component: (dict "root" $ "component" "server"). */}}
{{- define "aideator.selectorLabels" -}}
app.kubernetes.io/name: {{ include "aideator.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "aideator.labels" -}}
{{ include "aideator.selectorLabels" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
app.kubernetes.io/part-of: aideator
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* What Pod Security "restricted" asks of a pod and of a container. */}}
{{- define "aideator.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 1000
runAsGroup: 1000
fsGroup: 1000
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "aideator.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{/* Where agents run, and the namespace's name for who looks from elsewhere. */}}
{{- define "aideator.agentsNamespace" -}}{{ default .Release.Namespace .Values.agents.namespace }}{{- end -}}

{{/* Fields of agents' pods that say where they run, as JSON: for the server's Jobs (AGENT_POD) and for agent-job-dev-test. */}}
{{- define "aideator.placement" -}}
{{- $fields := dict -}}
{{- range $name := list "affinity" "nodeSelector" "priorityClassName" "runtimeClassName" "tolerations" -}}
{{- with index $.Values.agents $name }}{{- $_ := set $fields $name . }}{{- end -}}
{{- end -}}
{{- with .Values.imagePullSecrets }}{{- $_ := set $fields "imagePullSecrets" . }}{{- end -}}
{{- toJson $fields -}}
{{- end -}}

{{/* The value of a random key that upgrades keep: (dict "root" $ "namespace" … "name" … "key" … "prefix" …). Empty where
somebody else's Secret has this name, which is then used as it is. */}}
{{- define "aideator.keptKey" -}}
{{- $found := lookup "v1" "Secret" .namespace .name | default dict -}}
{{- $owner := dig "metadata" "annotations" "meta.helm.sh/release-name" "" $found -}}
{{- if or (not $found) (eq $owner .root.Release.Name) -}}
{{- dig "data" .key (printf "%s%s" .prefix (randAlphaNum 48) | b64enc) $found -}}
{{- end -}}
{{- end -}}

{{/* Whether agents talk to the scripted model. */}}
{{- define "aideator.scripted" -}}{{ if and .Values.demo.enabled .Values.demo.model }}true{{ end }}{{- end -}}

{{/* The demo as seen by server and agents alike. */}}
{{- define "aideator.demoUrl" -}}
{{- $inNamespace := ternary "" (printf ".%s.svc" .Release.Namespace) (eq (include "aideator.agentsNamespace" .) .Release.Namespace) -}}
http://{{ include "aideator.demoName" . }}{{ $inNamespace }}:8080
{{- end -}}

{{- define "aideator.litellmName" -}}{{ include "aideator.fullname" . }}-litellm{{- end -}}

{{- define "aideator.openaiBaseUrl" -}}
{{- if include "aideator.scripted" . -}}{{ include "aideator.demoUrl" . }}/v1
{{- else if .Values.litellm.enabled -}}http://{{ include "aideator.litellmName" . }}:4000/v1
{{- else -}}{{ .Values.openai.baseUrl }}{{- end -}}
{{- end -}}

{{- define "aideator.openaiSecret" -}}
{{- if include "aideator.scripted" . -}}{{ include "aideator.demoName" . }}-key
{{- else if .Values.litellm.enabled -}}{{ .Values.litellm.existingSecret }}
{{- else -}}{{ .Values.openai.existingSecret }}{{- end -}}
{{- end -}}

{{- define "aideator.defaultModel" -}}
{{- if include "aideator.scripted" . -}}{{ .Values.demo.modelName }}{{- else -}}{{ .Values.openai.defaultModel }}{{- end -}}
{{- end -}}

{{/* Values that fit each alone and not together. */}}
{{- define "aideator.contradictions" -}}
{{- $ownNamespace := ne (include "aideator.agentsNamespace" .) .Release.Namespace -}}
{{- range $name, $_ := .Values.agents.quota }}
{{- if and (not $ownNamespace) (not (hasPrefix "count/jobs" $name)) }}
{{- fail (printf "agents.quota.%s would bind the server's pod, too: set agents.namespace to a namespace of the agents' own, or limit count/jobs.batch only" $name) }}
{{- end }}
{{- end }}
{{- if and .Values.agents.limitRange (not $ownNamespace) }}
{{- fail "agents.limitRange would bind the server's pod, too: set agents.namespace to a namespace of the agents' own" }}
{{- end }}
{{- if and .Values.httpRoute.enabled (not .Values.httpRoute.parentRefs) }}
{{- fail "httpRoute.enabled needs httpRoute.parentRefs: the gateways it belongs to, such as [{name: my-gateway}]" }}
{{- end }}
{{- if and .Values.litellm.enabled (not .Values.litellm.models) }}
{{- fail "litellm.enabled needs litellm.models: what agents may ask for" }}
{{- end }}
{{- if and .Values.litellm.enabled (include "aideator.scripted" .) }}
{{- fail "litellm.enabled and demo.model exclude each other: agents use one model endpoint; set demo.model=false" }}
{{- end }}
{{- if and .Values.litellm.enabled .Values.openai.baseUrl }}
{{- fail "litellm.enabled and openai.baseUrl exclude each other: agents use one model endpoint" }}
{{- end }}
{{- if and .Values.persistence.existingClaim (not .Values.persistence.enabled) }}
{{- fail "persistence.existingClaim is of no use with persistence.enabled=false" }}
{{- end }}
{{- if and .Values.ingress.tlsSecret (hasPrefix "http://" .Values.server.publicUrl) }}
{{- fail "server.publicUrl says http, but ingress.tlsSecret makes it https: cookies would not be marked Secure" }}
{{- end }}
{{- if and .Values.hostIP (not .Values.hostPort) (ne .Values.hostIP "127.0.0.1") }}
{{- fail "hostIP is of no use without hostPort" }}
{{- end }}
{{- if and .Values.tracing.headersSecret (not .Values.tracing.endpoint) }}
{{- fail "tracing.headersSecret is of no use without tracing.endpoint" }}
{{- end }}
{{- end -}}

{{/* TCP ports of a NetworkPolicy's rule. */}}
{{- define "aideator.portOf" -}}
{{- $host := (urlParse .).host }}
{{- if regexMatch ":[0-9]+$" $host }}{{ regexFind "[0-9]+$" $host }}{{ else if hasPrefix "http://" . }}80{{ else }}443{{ end }}
{{- end -}}

{{- define "aideator.ports" -}}[{{ range $i, $port := toStrings . | uniq }}{{ if $i }}, {{ end }}{protocol: TCP, port: {{ $port }}}{{ end }}]{{- end -}}

{{- define "aideator.dnsRule" -}}
- to: {{- toYaml . | nindent 4 }}
  ports: [{protocol: UDP, port: 53}, {protocol: TCP, port: 53}]
{{- end -}}
