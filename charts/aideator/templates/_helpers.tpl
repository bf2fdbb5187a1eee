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

{{/* Whether agents talk to the scripted model. */}}
{{- define "aideator.scripted" -}}{{ if and .Values.demo.enabled .Values.demo.model }}true{{ end }}{{- end -}}

{{- define "aideator.demoUrl" -}}http://{{ include "aideator.demoName" . }}:8080{{- end -}}

{{- define "aideator.openaiBaseUrl" -}}
{{- if include "aideator.scripted" . -}}{{ include "aideator.demoUrl" . }}/v1{{- else -}}{{ .Values.openai.baseUrl }}{{- end -}}
{{- end -}}

{{- define "aideator.openaiSecret" -}}
{{- if include "aideator.scripted" . -}}{{ include "aideator.demoName" . }}-key{{- else -}}{{ .Values.openai.existingSecret }}{{- end -}}
{{- end -}}

{{- define "aideator.defaultModel" -}}
{{- if include "aideator.scripted" . -}}{{ .Values.demo.modelName }}{{- else -}}{{ .Values.openai.defaultModel }}{{- end -}}
{{- end -}}
