{{/*
The exporter's container, in a Deployment and beside Sora: (list . kind), where kind is "deployment", "sidecar" or "native".
Whatever a container inherits from its pod it says itself, as Sora's pod is not ours.
*/}}
{{- define "sora-stats-exporter.container" -}}
{{- $root := index . 0 }}
{{- $kind := index . 1 }}
{{- with $root -}}
- name: {{ include "sora-stats-exporter.name" . }}
  image: {{ include "sora-stats-exporter.image" . | quote }}
  imagePullPolicy: {{ .Values.image.pullPolicy }}
  {{- if eq $kind "native" }}
  # What makes an init container a sidecar: it starts before Sora and stops after it.
  restartPolicy: Always
  {{- end }}
  args:
    {{- include "sora-stats-exporter.args" . | nindent 4 }}
  {{- with .Values.extraEnv }}
  env:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.extraEnvFrom }}
  envFrom:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  ports:
    - name: sora-metrics
      containerPort: {{ include "sora-stats-exporter.containerPort" . }}
      protocol: TCP
  livenessProbe:
    {{- include "sora-stats-exporter.probe" (list . "/-/healthy" .Values.livenessProbe) | nindent 4 }}
  {{- if eq $kind "deployment" }}
  readinessProbe:
    {{- include "sora-stats-exporter.probe" (list . "/-/ready" .Values.readinessProbe) | nindent 4 }}
  {{- if .Values.startupProbe }}
  startupProbe:
    {{- include "sora-stats-exporter.probe" (list . "/-/healthy" .Values.startupProbe) | nindent 4 }}
  {{- end }}
  {{- end }}
  {{- with .Values.resources }}
  resources:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.securityContext }}
  securityContext:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  volumeMounts:
    # The directory, as a single file of it would stay what it was when the ConfigMap changes.
    - name: sora-stats-exporter-config
      mountPath: /etc/sora-stats-exporter
      readOnly: true
    {{- if .Values.webConfig.existingSecret }}
    - name: sora-stats-exporter-web-config
      mountPath: {{ include "sora-stats-exporter.webConfigDirectory" . }}
      readOnly: true
    {{- end }}
    {{- range .Values.extraSecretMounts }}
    - name: {{ .name }}
      mountPath: {{ .mountPath }}
      readOnly: true
    {{- end }}
    {{- with .Values.extraVolumeMounts }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end }}
{{- end }}

{{/* The exporter's flags. */}}
{{- define "sora-stats-exporter.args" -}}
- --config.file=/etc/sora-stats-exporter/config.yaml
{{- if .Values.webConfig.existingSecret }}
- --web.config.file={{ include "sora-stats-exporter.webConfigDirectory" . }}/{{ .Values.webConfig.key }}
{{- if .Values.webConfig.healthWithoutAuth }}
- --web.health-without-auth
{{- end }}
{{- end }}
{{- with .Values.extraArgs }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* How a probe asks, and when: (list . path timing) */}}
{{- define "sora-stats-exporter.probe" -}}
{{- $root := index . 0 -}}
{{- if and $root.Values.webConfig.existingSecret (not $root.Values.webConfig.healthWithoutAuth) -}}
exec:
  # Not from the configuration, which may have been changed since the exporter read it.
  command:
    - node
    - dist/healthcheck.js
    - {{ include "sora-stats-exporter.ownUrl" $root }}{{ index . 1 }}
{{- else -}}
httpGet:
  path: {{ index . 1 }}
  port: sora-metrics
  {{- if $root.Values.webConfig.tls }}
  scheme: HTTPS
  {{- end }}
{{- end }}
{{- with index . 2 }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "sora-stats-exporter.webConfigDirectory" -}}
/etc/sora-stats-exporter-web
{{- end }}

{{/* What the container mounts. */}}
{{- define "sora-stats-exporter.volumes" -}}
- name: sora-stats-exporter-config
  configMap:
    name: {{ include "sora-stats-exporter.fullname" . }}
{{- with .Values.webConfig.existingSecret }}
- name: sora-stats-exporter-web-config
  secret:
    secretName: {{ . }}
{{- end }}
{{- range .Values.extraSecretMounts }}
- name: {{ .name }}
  secret:
    secretName: {{ .secretName }}
    {{- with .defaultMode }}
    defaultMode: {{ . }}
    {{- end }}
    {{- with .items }}
    items:
      {{- toYaml . | nindent 6 }}
    {{- end }}
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Annotations of the pod: a configuration that changes starts a new one. */}}
{{- define "sora-stats-exporter.checksum" -}}
checksum/config: {{ include "sora-stats-exporter.config" . | sha256sum }}
{{- end }}

{{/*
For charts that have this one as a dependency. Their templates call these with this chart's scope:

  {{- include "sora-stats-exporter.sidecar.container" (index .Subcharts "sora-stats-exporter") | nindent 8 }}
*/}}

{{/* Under containers:, a classic sidecar. */}}
{{- define "sora-stats-exporter.sidecar.container" -}}
{{- include "sora-stats-exporter.container" (list . "sidecar") }}
{{- end }}

{{/* Under initContainers:, a native sidecar, from Kubernetes 1.29 on. */}}
{{- define "sora-stats-exporter.sidecar.nativeContainer" -}}
{{- if semverCompare "<1.29-0" .Capabilities.KubeVersion.Version }}
{{- fail (printf "Kubernetes %s has no native sidecars: Sora would wait for the exporter to end; include sora-stats-exporter.sidecar.container under containers" .Capabilities.KubeVersion.Version) }}
{{- end }}
{{- include "sora-stats-exporter.container" (list . "native") }}
{{- end }}

{{/* Under volumes: of the pod. */}}
{{- define "sora-stats-exporter.sidecar.volumes" -}}
{{- include "sora-stats-exporter.volumes" . }}
{{- end }}

{{/* Under metadata.annotations: of the pod. */}}
{{- define "sora-stats-exporter.sidecar.annotations" -}}
{{- include "sora-stats-exporter.checksum" . }}
{{- end }}

{{/* Under metadata.labels: of the pod; what the PodMonitor looks for. */}}
{{- define "sora-stats-exporter.sidecar.labels" -}}
{{- $own := dict "sora-stats-exporter/sidecar" (include "sora-stats-exporter.fullname" .) }}
{{- toYaml (default $own .Values.sidecar.selectorLabels) }}
{{- end }}

{{/* How the PodMonitor looks for it. */}}
{{- define "sora-stats-exporter.sidecar.selector" -}}
{{- with .Values.sidecar.selectorLabels -}}
matchLabels:
  {{- toYaml . | nindent 2 }}
{{- else -}}
matchExpressions:
  # The second one is what the repository's kustomize components give.
  - key: sora-stats-exporter/sidecar
    operator: In
    values: [{{ include "sora-stats-exporter.fullname" . | quote }}, "true"]
{{- end }}
{{- end }}
