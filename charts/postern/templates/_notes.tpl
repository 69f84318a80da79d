{{/* How a client knows the proxy's certificate. */}}
{{- define "postern.trustHint" -}}
{{- if and (not (include "postern.tlsSecretName" .)) (not .Values.tls.files.certFile) (not .Values.config.tls) }} --ca-pin PIN

   The certificate is of postern's own making. PIN is what its log says:

     kubectl -n {{ include "postern.namespace" . }} logs {{ lower .Values.kind }}/{{ include "postern.fullname" . }} | grep ca_pin
{{ else if .Values.tls.certManager.enabled }} --ca-file ca.crt

   ca.crt is the issuer's authority, unless clients trust it anyway:

     kubectl -n {{ include "postern.namespace" . }} get secret {{ include "postern.tlsSecretName" . }} -o 'jsonpath={.data.ca\.crt}' | base64 -d > ca.crt
{{ end -}}
{{- end -}}

{{/* What is allowed but hardly meant. */}}
{{- define "postern.warnings" -}}
{{- $warnings := list -}}
{{- $type := dig "storage" "type" "sqlite" .Values.config -}}
{{- if eq $type "memory" -}}
{{- $warnings = append $warnings "config.storage.type memory: requests, sessions, roles and users are gone with the pod" -}}
{{- end -}}
{{- if and (eq $type "sqlite") (not .Values.persistence.enabled) (ne .Values.kind "Sidecar") -}}
{{- $warnings = append $warnings "config.storage.type sqlite without persistence: everything is gone with the pod, and with it the certificate that postern made" -}}
{{- end -}}
{{- if and (eq $type "kubernetes") (not .Values.crds.enabled) (not (.Capabilities.APIVersions.Has "store.postern.dev/v1alpha1")) -}}
{{- $warnings = append $warnings "crds.enabled is false and the cluster has no store.postern.dev/v1alpha1: postern will not start" -}}
{{- end -}}
{{- if .Values.impersonation.allowUnsafe -}}
{{- $warnings = append $warnings "impersonation.allowUnsafe: postern may act past all authorization of the cluster" -}}
{{- end -}}
{{- if not (or .Values.impersonation.groups .Values.rolesAndUsers) -}}
{{- $warnings = append $warnings "impersonation.groups is empty: roles with kubernetes_groups will be refused by the API server until their groups are listed" -}}
{{- end -}}
{{- range $document := .Values.rolesAndUsers -}}
{{- range $name := include "postern.unlistedGroups" (dict "role" $document "groups" (include "postern.impersonatedGroups" $ | fromYamlArray)) | fromYamlArray -}}
{{- $warnings = append $warnings (printf "the API server will refuse what the role %s allows: impersonation.groups does not list %s" $document.metadata.name $name) -}}
{{- end -}}
{{- end -}}
{{- if eq .Values.impersonation.mode "both" -}}
{{- $warnings = append $warnings "impersonation.mode both: where legacy rights are granted the constrained ones limit nothing" -}}
{{- end -}}
{{- range $kind := list "serviceMonitor" "podMonitor" "prometheusRule" -}}
{{- $values := index $.Values $kind -}}
{{- $api := printf "monitoring.coreos.com/v1/%s" (title $kind) -}}
{{- if and $values.enabled (eq $values.renderMode "skipIfMissing") (not ($.Capabilities.APIVersions.Has $api)) -}}
{{- $warnings = append $warnings (printf "%s is left out: the cluster does not know %s" $kind $api) -}}
{{- end -}}
{{- end -}}
{{- range $warnings }}
WARNING: {{ . }}
{{- end -}}
{{- end -}}

{{/* Groups that a role of the values acts with and that postern may not name: (dict "role" DOCUMENT "groups" LIST). */}}
{{- define "postern.unlistedGroups" -}}
{{- $missing := list -}}
{{- range dig "spec" "allow" "kubernetes_groups" list .role -}}
{{- if not (or (has . $.groups) (contains "{{" .)) }}{{ $missing = append $missing . }}{{ end -}}
{{- end -}}
{{- toYaml (uniq $missing) -}}
{{- end -}}
