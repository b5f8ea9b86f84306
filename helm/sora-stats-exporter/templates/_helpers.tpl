{{/* Name of the chart, in labels. */}}
{{- define "sora-stats-exporter.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* A name of at most 63 characters. What is longer ends in a hash of it, so that no two become one. */}}
{{- define "sora-stats-exporter.short" -}}
{{- if gt (len .) 63 }}{{ printf "%s-%s" (trunc 54 . | trimSuffix "-") (sha256sum . | trunc 8) }}{{ else }}{{ . }}{{ end }}
{{- end }}

{{/* Name of the objects. */}}
{{- define "sora-stats-exporter.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride }}
{{- $both := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) }}
{{- include "sora-stats-exporter.short" (default $both .Values.fullnameOverride) }}
{{- end }}

{{- define "sora-stats-exporter.namespace" -}}
{{- default .Release.Namespace .Values.namespaceOverride }}
{{- end }}

{{/* What the Service, the monitors and the NetworkPolicy find the pod by; a Deployment can never change it. */}}
{{- define "sora-stats-exporter.selectorLabels" -}}
app.kubernetes.io/name: {{ include "sora-stats-exporter.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* Labels of every object. */}}
{{- define "sora-stats-exporter.labels" -}}
{{- $own := dict
  "helm.sh/chart" (printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-")
  "app.kubernetes.io/version" .Chart.AppVersion
  "app.kubernetes.io/managed-by" .Release.Service
  "app.kubernetes.io/part-of" "sora-stats-exporter" }}
{{- $selector := include "sora-stats-exporter.selectorLabels" . | fromYaml }}
{{- toYaml (merge dict $selector $own (default dict .Values.commonLabels)) }}
{{- end }}

{{/* Labels of an object and further ones of it, which come first: (list . further) */}}
{{- define "sora-stats-exporter.labelsWith" -}}
{{- $labels := include "sora-stats-exporter.labels" (index . 0) | fromYaml }}
{{- $selector := include "sora-stats-exporter.selectorLabels" (index . 0) | fromYaml }}
{{- toYaml (merge dict $selector (default dict (index . 1)) $labels) }}
{{- end }}

{{- define "sora-stats-exporter.serviceAccountName" -}}
{{- $own := ternary (include "sora-stats-exporter.fullname" .) "default" .Values.serviceAccount.create }}
{{- default $own .Values.serviceAccount.name }}
{{- end }}

{{- define "sora-stats-exporter.image" -}}
{{- $image := .Values.image }}
{{- with $image.registry }}{{ . }}/{{ end }}{{ $image.repository }}
{{- if $image.digest }}@{{ $image.digest }}{{ else }}:{{ default .Chart.AppVersion $image.tag }}{{ end }}
{{- end }}

{{/* The exporter's configuration file. */}}
{{- define "sora-stats-exporter.config" -}}
{{- $config := deepCopy (default dict .Values.config) }}
{{- $sora := default dict $config.sora }}
{{- $sidecar := eq .Values.mode "sidecar" }}
{{- if not $config.targets }}
{{- /* By one name in both modes and on every node: rules add up by it, and see by it who counts twice. */}}
{{- $url := default (ternary "http://127.0.0.1:3000/" "http://sora:3000/" $sidecar) $sora.url }}
{{- $_ := set $config "targets" (list (dict "name" "sora" "url" $url)) }}
{{- $sora = omit $sora "url" }}
{{- end }}
{{- $_ := set $sora "local" $sidecar }}
{{- $_ := set $config "sora" $sora }}
{{- toYaml $config }}
{{- end }}

{{/* Where the configuration makes the exporter listen. */}}
{{- define "sora-stats-exporter.listenAddress" -}}
{{- $web := default dict (default dict .Values.config).web }}
{{- default ":10490" $web.listen_address }}
{{- end }}

{{- define "sora-stats-exporter.containerPort" -}}
{{- include "sora-stats-exporter.listenAddress" . | splitList ":" | last }}
{{- end }}

{{/* Where the exporter can be asked in its own container. */}}
{{- define "sora-stats-exporter.ownUrl" -}}
{{- $address := include "sora-stats-exporter.listenAddress" . }}
{{- ternary "https" "http" .Values.webConfig.tls }}://{{ ternary "127.0.0.1" "" (hasPrefix ":" $address) }}{{ $address }}
{{- end }}

{{- define "sora-stats-exporter.telemetryPath" -}}
{{- $web := default dict (default dict .Values.config).web }}
{{- default "/metrics" $web.telemetry_path }}
{{- end }}

{{/* What a ServiceMonitor's and a PodMonitor's endpoint have alike: (list . monitor) */}}
{{- define "sora-stats-exporter.endpoint" -}}
{{- $root := index . 0 }}
{{- $monitor := index . 1 -}}
path: {{ include "sora-stats-exporter.telemetryPath" $root }}
{{- with $monitor.interval }}
interval: {{ . }}
{{- end }}
{{- with $monitor.scrapeTimeout }}
scrapeTimeout: {{ . }}
{{- end }}
{{- $scheme := default (ternary "https" "" $root.Values.webConfig.tls) $monitor.scheme }}
{{- with $scheme }}
scheme: {{ . }}
{{- end }}
{{- with $monitor.tlsConfig }}
tlsConfig:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $monitor.basicAuth }}
basicAuth:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- if $monitor.honorLabels }}
honorLabels: true
{{- end }}
{{- with $monitor.relabelings }}
relabelings:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $monitor.metricRelabelings }}
metricRelabelings:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* What a ServiceMonitor and a PodMonitor have alike besides: (list . monitor) */}}
{{- define "sora-stats-exporter.monitor" -}}
{{- $monitor := index . 1 -}}
namespaceSelector:
  matchNames: [{{ include "sora-stats-exporter.namespace" (index . 0) }}]
{{- with $monitor.jobLabel }}
jobLabel: {{ . }}
{{- end }}
{{- with $monitor.targetLabels }}
targetLabels:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $monitor.podTargetLabels }}
podTargetLabels:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- if $monitor.sampleLimit }}
sampleLimit: {{ int64 $monitor.sampleLimit }}
{{- end }}
{{- end }}
