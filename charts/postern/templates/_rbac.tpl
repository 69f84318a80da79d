{{/* The rights of impersonation, as apiserver's pkg/endpoints/filters/impersonation checks them. */}}

{{- define "postern.impersonationMode" -}}
{{- $mode := .Values.impersonation.mode -}}
{{- if eq $mode "auto" -}}
{{- ternary "constrained" "legacy" (semverCompare ">=1.36-0" .Capabilities.KubeVersion.Version) -}}
{{- else -}}
{{- $mode -}}
{{- end -}}
{{- end -}}

{{/* postern sends this group with every call, so that it has to be allowed with the others. */}}
{{- define "postern.impersonatedGroups" -}}
{{- prepend (.Values.impersonation.groups | default list) "system:authenticated" | uniq | toYaml -}}
{{- end -}}

{{/* Who may be named: (dict "context" . "group" API_GROUP "verb" VERB). */}}
{{- define "postern.identityRules" -}}
- apiGroups: [{{ .group | quote }}]
  resources: [users]
  {{- with .context.Values.impersonation.users }}
  resourceNames: {{- toYaml . | nindent 4 }}
  {{- end }}
  verbs: [{{ .verb | quote }}]
- apiGroups: [{{ .group | quote }}]
  resources: [groups]
  resourceNames: {{- include "postern.impersonatedGroups" .context | nindent 4 }}
  verbs: [{{ .verb | quote }}]
# The name of the access request, for the cluster's audit log.
- apiGroups: [authentication.k8s.io]
  resources: [userextras/access.postern.dev/request]
  verbs: [{{ .verb | quote }}]
{{- end -}}

{{- define "postern.legacyRules" -}}
{{- include "postern.identityRules" (dict "context" . "group" "" "verb" "impersonate") -}}
{{- end -}}

{{/* Each verb of a list as what may be done while impersonating. */}}
{{- define "postern.actionVerbs" -}}
{{- range . }}
- impersonate-on:user-info:{{ . }}
{{- end }}
{{- end -}}

{{- define "postern.constrainedRules" -}}
{{ include "postern.identityRules" (dict "context" . "group" "authentication.k8s.io" "verb" "impersonate:user-info") }}
# What every client asks about itself and about the API.
- apiGroups: [authorization.k8s.io]
  resources: [selfsubjectaccessreviews, selfsubjectrulesreviews]
  verbs: ["impersonate-on:user-info:create"]
- apiGroups: [authentication.k8s.io]
  resources: [selfsubjectreviews]
  verbs: ["impersonate-on:user-info:create"]
- nonResourceURLs: [/api, /api/*, /apis, /apis/*, /openapi, /openapi/*, /version, /version/, /healthz, /livez, /readyz]
  verbs: ["impersonate-on:user-info:get"]
{{- range .Values.impersonation.actions }}
- verbs: {{- include "postern.actionVerbs" .verbs | nindent 4 }}
  {{- toYaml (omit . "verbs") | nindent 2 }}
{{- end }}
{{- end -}}

{{/*
What the storage `kubernetes` needs in its namespace: files/rbac/store-role.yaml, with the Secret's name of the
configuration.
*/}}
{{- define "postern.storeRules" -}}
{{- $storage := (include "postern.config" . | fromYaml).storage | default dict -}}
{{- $rules := list -}}
{{- if eq ($storage.type | default "") "kubernetes" -}}
{{- $role := .Files.Get "files/rbac/store-role.yaml" | replace "postern-keys" $storage.secretName | fromYaml -}}
{{- $rules = $role.rules | default list -}}
{{- end -}}
{{- toYaml $rules -}}
{{- end -}}

{{/* In a namespace that may not be the release's. */}}
{{- define "postern.storeRoleName" -}}
{{- printf "%s-store" (include "postern.clusterName" .) -}}
{{- end -}}
