{{/* Names and labels. A context is always that of this chart; a parent chart passes .Subcharts.postern. */}}

{{- define "postern.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* Short enough that the longest suffix of an object's name still fits into a DNS label. */}}
{{- define "postern.fullname" -}}
{{- $name := include "postern.name" . -}}
{{- $full := printf "%s-%s" .Release.Name $name -}}
{{- if contains $name .Release.Name }}{{ $full = .Release.Name }}{{ end -}}
{{- .Values.fullnameOverride | default $full | trunc 45 | trimSuffix "-" -}}
{{- end -}}

{{- define "postern.namespace" -}}
{{- .Values.namespaceOverride | default .Release.Namespace -}}
{{- end -}}

{{/* Of objects without a namespace: two releases anywhere in a cluster do not meet. */}}
{{- define "postern.clusterName" -}}
{{- printf "%s-%s" (include "postern.namespace" .) (include "postern.fullname" .) -}}
{{- end -}}

{{- define "postern.chart" -}}
{{- printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "postern.selectorLabels" -}}
app.kubernetes.io/name: {{ include "postern.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: proxy
{{- end -}}

{{- define "postern.labels" -}}
{{- $own := dict
  "helm.sh/chart" (include "postern.chart" .)
  "app.kubernetes.io/name" (include "postern.name" .)
  "app.kubernetes.io/instance" .Release.Name
  "app.kubernetes.io/version" .Chart.AppVersion
  "app.kubernetes.io/part-of" "postern"
  "app.kubernetes.io/managed-by" .Release.Service -}}
{{- merge $own (.Values.commonLabels | default dict) | toYaml -}}
{{- end -}}

{{/*
The metadata of an object: (dict "context" . "name" NAME "namespace" NS or "" "labels" MAP "annotations" MAP
"component" WORD), all but context and name may be left out; namespace "-" is none.
*/}}
{{- define "postern.metadata" -}}
{{- $labels := include "postern.labels" .context | fromYaml -}}
{{- with .component }}{{ $labels = set $labels "app.kubernetes.io/component" . }}{{ end -}}
{{- $labels = mergeOverwrite $labels (.labels | default dict) -}}
{{- $annotations := merge (deepCopy (.annotations | default dict)) (.context.Values.commonAnnotations | default dict) -}}
name: {{ .name }}
{{- if ne .namespace "-" }}
namespace: {{ .namespace | default (include "postern.namespace" .context) }}
{{- end }}
labels: {{- toYaml $labels | nindent 2 }}
{{- with $annotations }}
annotations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "postern.serviceAccountName" -}}
{{- .Values.serviceAccount.name | default (ternary (include "postern.fullname" .) "default" .Values.serviceAccount.create) -}}
{{- end -}}

{{/* The service account that carries the rights of impersonation. */}}
{{- define "postern.impersonatorName" -}}
{{- if .Values.impersonation.serviceAccount.enabled -}}
{{- .Values.impersonation.serviceAccount.name | default (printf "%s-impersonator" (include "postern.fullname" .)) -}}
{{- else -}}
{{- include "postern.serviceAccountName" . -}}
{{- end -}}
{{- end -}}

{{- define "postern.image" -}}
{{- $image := .Values.image -}}
{{- $name := $image.repository -}}
{{- with $image.registry }}{{ $name = printf "%s/%s" . $name }}{{ end -}}
{{- if $image.digest -}}
{{- printf "%s@%s" $name $image.digest -}}
{{- else -}}
{{- printf "%s:%s" $name ($image.tag | default .Chart.AppVersion) -}}
{{- end -}}
{{- end -}}

{{/* The names under which clients inside of the cluster reach the proxy. */}}
{{- define "postern.serviceNames" -}}
{{- $name := include "postern.fullname" . -}}
{{- $namespace := include "postern.namespace" . -}}
{{- $names := list
  (printf "%s.%s.svc" $name $namespace)
  (printf "%s.%s.svc.%s" $name $namespace .Values.clusterDomain)
  (printf "%s.%s" $name $namespace)
  $name -}}
{{- if eq .Values.kind "Sidecar" }}{{ $names = list }}{{ end -}}
{{- toYaml (concat $names (.Values.tls.dnsNames | default list) (.Values.ingress.hosts | default list) | uniq) -}}
{{- end -}}

{{/* How many pods there are at least. */}}
{{- define "postern.replicas" -}}
{{- if eq .Values.kind "DaemonSet" -}}2
{{- else if eq .Values.kind "Sidecar" -}}1
{{- else if .Values.autoscaling.enabled -}}{{ max (int .Values.autoscaling.minReplicas) (int .Values.autoscaling.maxReplicas) }}
{{- else -}}{{ int .Values.replicaCount }}
{{- end -}}
{{- end -}}

{{/*
Whether an object of a foreign kind is rendered: (dict "context" . "values" .Values.serviceMonitor
"api" "monitoring.coreos.com/v1/ServiceMonitor"). Gives "true" or nothing.
*/}}
{{- define "postern.renders" -}}
{{- if .values.enabled -}}
{{- $known := .context.Capabilities.APIVersions.Has .api -}}
{{- if or $known (eq .values.renderMode "alwaysRender") -}}true
{{- else if eq .values.renderMode "failIfMissing" -}}
{{- fail (printf "the cluster does not know %s, and renderMode is failIfMissing" .api) -}}
{{- end -}}
{{- end -}}
{{- end -}}
