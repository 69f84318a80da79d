{{/* postern's container and its volumes; also what a parent chart includes for a sidecar. */}}

{{- define "postern.container" -}}
name: postern
image: {{ include "postern.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
args:
- proxy
- --config=/etc/postern/config/postern.yaml
{{- with .Values.extraArgs }}
{{- toYaml . | nindent 0 }}
{{- end }}
env:
# Whose events say what is wrong: kubectl describe pod.
- {name: POD_NAMESPACE, valueFrom: {fieldRef: {fieldPath: metadata.namespace}}}
- {name: POD_NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
- {name: POD_UID, valueFrom: {fieldRef: {fieldPath: metadata.uid}}}
{{- with .Values.extraEnv }}
{{- toYaml . | nindent 0 }}
{{- end }}
{{- with .Values.extraEnvFrom }}
envFrom: {{- toYaml . | nindent 2 }}
{{- end }}
ports:
{{- if ne .Values.kind "Sidecar" }}
- name: https
  containerPort: {{ include "postern.port" (list . "listen") }}
  {{- with .Values.hostPort }}
  hostPort: {{ . }}
  {{- end }}
{{- end }}
- name: http-metrics
  containerPort: {{ include "postern.port" (list . "adminListen") }}
livenessProbe:
  httpGet: {path: /livez, port: http-metrics}
  {{- toYaml .Values.livenessProbe | nindent 2 }}
readinessProbe:
  httpGet: {path: /readyz, port: http-metrics}
  {{- toYaml .Values.readinessProbe | nindent 2 }}
startupProbe:
  httpGet: {path: /livez, port: http-metrics}
  {{- toYaml .Values.startupProbe | nindent 2 }}
{{- with .Values.resources }}
resources: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with include "postern.securityContext" . | fromYaml }}
securityContext: {{- toYaml . | nindent 2 }}
{{- end }}
volumeMounts: {{- include "postern.volumeMounts" . | nindent 2 }}
{{- end -}}

{{/* In a pod of somebody else's the container says itself what else the pod would. */}}
{{- define "postern.securityContext" -}}
{{- $pods := dict -}}
{{- if eq .Values.kind "Sidecar" -}}
{{- $pods = pick .Values.podSecurityContext "runAsNonRoot" "runAsUser" "runAsGroup" "seccompProfile" -}}
{{- end -}}
{{- toYaml (merge (deepCopy (.Values.securityContext | default dict)) $pods) -}}
{{- end -}}

{{- define "postern.volumeMounts" -}}
- {name: postern-config, mountPath: /etc/postern/config, readOnly: true}
{{- if .Values.rolesAndUsers }}
- {name: postern-roles, mountPath: /etc/postern/roles, readOnly: true}
{{- end }}
{{- range $index, $from := .Values.rolesAndUsersFrom }}
- {name: postern-roles-{{ $index }}, mountPath: /etc/postern/roles-{{ $index }}, readOnly: true}
{{- end }}
{{- range .Values.additionalKubeClusters }}
- {name: postern-cluster-{{ .name }}, mountPath: /etc/postern/clusters/{{ .name }}, readOnly: true}
{{- end }}
{{- if include "postern.tlsSecretName" . }}
- {name: postern-tls, mountPath: /etc/postern/tls, readOnly: true}
{{- end }}
- {name: postern-data, mountPath: {{ (include "postern.config" . | fromYaml).dataDir }}}
- {name: postern-tmp, mountPath: /tmp}
{{- if not .Values.serviceAccount.automountServiceAccountToken }}
- {name: kube-api-access, mountPath: /var/run/secrets/kubernetes.io/serviceaccount, readOnly: true}
{{- end }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "postern.volumes" -}}
- name: postern-config
  configMap: {name: {{ include "postern.fullname" . }}-config}
{{- if .Values.rolesAndUsers }}
- name: postern-roles
  configMap: {name: {{ include "postern.fullname" . }}-roles}
{{- end }}
{{- range $index, $from := .Values.rolesAndUsersFrom }}
- name: postern-roles-{{ $index }}
  configMap: {name: {{ $from.name }}}
{{- end }}
{{- range .Values.additionalKubeClusters }}
- name: postern-cluster-{{ .name }}
  secret:
    secretName: {{ .kubeconfigSecret.name }}
    items: [{key: {{ .kubeconfigSecret.key | default "kubeconfig" }}, path: kubeconfig}]
{{- end }}
{{- with include "postern.tlsSecretName" . }}
- name: postern-tls
  secret: {secretName: {{ . }}}
{{- end }}
- name: postern-data
  {{- if .Values.persistence.enabled }}
  persistentVolumeClaim:
    claimName: {{ .Values.persistence.existingClaim | default (printf "%s-data" (include "postern.fullname" .)) }}
  {{- else }}
  emptyDir: {sizeLimit: 1Gi}
  {{- end }}
- name: postern-tmp
  emptyDir: {medium: Memory, sizeLimit: 16Mi}
{{- if not .Values.serviceAccount.automountServiceAccountToken }}
# What the API server knows a pod by: a token that ends soon, and the authority and namespace beside it.
- name: kube-api-access
  projected:
    sources:
    - serviceAccountToken:
        path: token
        expirationSeconds: {{ int .Values.serviceAccountToken.expirationSeconds }}
        {{- with .Values.serviceAccountToken.audience }}
        audience: {{ . }}
        {{- end }}
    - configMap: {name: kube-root-ca.crt, items: [{key: ca.crt, path: ca.crt}]}
    - downwardAPI: {items: [{path: namespace, fieldRef: {fieldPath: metadata.namespace}}]}
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}
