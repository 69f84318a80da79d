{{/* The pod of Deployment and DaemonSet. */}}

{{- define "postern.podTemplate" -}}
metadata:
  labels:
    {{- include "postern.selectorLabels" . | nindent 4 }}
    {{- with merge (deepCopy (.Values.podLabels | default dict)) (.Values.commonLabels | default dict) }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    {{- include "postern.podAnnotations" . | nindent 4 }}
spec:
  serviceAccountName: {{ include "postern.serviceAccountName" . }}
  # The token is a projected one, mounted where postern looks for it; see the volume kube-api-access.
  automountServiceAccountToken: {{ .Values.serviceAccount.automountServiceAccountToken }}
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ include "postern.gracePeriod" . }}
  {{- with .Values.podSecurityContext }}
  securityContext: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.imagePullSecrets }}
  imagePullSecrets: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- with .Values.runtimeClassName }}
  runtimeClassName: {{ . }}
  {{- end }}
  {{- if .Values.hostNetwork }}
  hostNetwork: true
  {{- end }}
  {{- with .Values.dnsPolicy | default (ternary "ClusterFirstWithHostNet" "" .Values.hostNetwork) }}
  dnsPolicy: {{ . }}
  {{- end }}
  {{- with .Values.nodeSelector }}
  nodeSelector: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with include "postern.affinity" . }}
  affinity: {{- . | nindent 4 }}
  {{- end }}
  {{- with include "postern.topologySpread" . | fromYamlArray }}
  topologySpreadConstraints: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.extraInitContainers }}
  initContainers: {{- toYaml . | nindent 4 }}
  {{- end }}
  containers:
  - {{ include "postern.container" . | nindent 4 | trim }}
  {{- with .Values.extraContainers }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
  volumes: {{- include "postern.volumes" . | nindent 4 }}
{{- end -}}

{{/* A changed configuration makes new pods; changed roles do not, for postern reads them again. */}}
{{- define "postern.podAnnotations" -}}
{{- $own := dict
  "checksum/config" (include "postern.config" . | sha256sum)
  "kubectl.kubernetes.io/default-container" "postern" -}}
{{- merge (deepCopy (.Values.podAnnotations | default dict)) $own | toYaml -}}
{{- end -}}

{{- define "postern.affinity" -}}
{{- if .Values.affinity -}}
{{- toYaml .Values.affinity -}}
{{- else if eq .Values.kind "Deployment" -}}
podAntiAffinity:
  preferredDuringSchedulingIgnoredDuringExecution:
  - weight: 50
    podAffinityTerm:
      topologyKey: kubernetes.io/hostname
      labelSelector:
        matchLabels: {{- include "postern.selectorLabels" . | nindent 10 }}
{{- end -}}
{{- end -}}

{{- define "postern.topologySpread" -}}
{{- $several := gt (include "postern.replicas" . | int) 1 -}}
{{- $constraints := .Values.topologySpreadConstraints -}}
{{- if and (kindIs "invalid" $constraints) $several (eq .Values.kind "Deployment") -}}
{{- $constraints = list (dict "maxSkew" 1 "topologyKey" "kubernetes.io/hostname" "whenUnsatisfiable" "ScheduleAnyway") -}}
{{- end -}}
{{- $selector := dict "matchLabels" (include "postern.selectorLabels" . | fromYaml) -}}
{{- $whole := list -}}
{{- range $constraints -}}
{{- $whole = append $whole (merge (deepCopy .) (dict "labelSelector" $selector)) -}}
{{- end -}}
{{- toYaml $whole -}}
{{- end -}}
