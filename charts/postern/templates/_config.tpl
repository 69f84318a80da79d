{{/* The ProxyConfiguration: what follows from other values, and `config` over it. */}}

{{- define "postern.config" -}}
{{- $computed := include "postern.computedConfig" . | fromYaml -}}
{{- toYaml (mergeOverwrite $computed (deepCopy .Values.config)) -}}
{{- end -}}

{{- define "postern.computedConfig" -}}
{{- $sidecar := eq .Values.kind "Sidecar" -}}
apiVersion: config.postern.dev/v1alpha1
kind: ProxyConfiguration
listen: {{ ternary "127.0.0.1:8443" "0.0.0.0:8443" $sidecar }}
{{- if $sidecar }}
loopbackListen: 127.0.0.1:6443
{{- end }}
adminListen: 0.0.0.0:8081
dataDir: /var/lib/postern
{{- if not .Values.config.tls }}
tls: {{- include "postern.tlsConfig" . | nindent 2 }}
{{- end }}
{{- if not .Values.config.kubeClusters }}
{{- with include "postern.kubeClusters" . | fromYamlArray }}
kubeClusters: {{- toYaml . | nindent 2 }}
{{- if gt (len .) 1 }}
defaultCluster: {{ (first .).name }}
{{- end }}
{{- end }}
{{- end }}
{{- if eq (dig "storage" "type" "" .Values.config) "kubernetes" }}
storage:
  kubeCluster: {{ .Values.kubeCluster.name }}
  namespace: {{ include "postern.namespace" . }}
  secretName: postern-keys
{{- end }}
{{- with include "postern.documentFiles" . | fromYamlArray }}
resources: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with include "postern.systemNames" . | fromYamlArray }}
impersonation:
  allowSystem: {{- toYaml . | nindent 4 }}
  {{- if has "system:masters" . }}
  allowMasters: true
  {{- end }}
{{- end }}
{{- /* Longer than clients keep a silent connection: Go's 90 s, and `drain.idle`'s default. */}}
drain: {delay: 5s, timeout: 100s}
{{- end -}}

{{- define "postern.tlsConfig" -}}
{{- if .Values.tls.files.certFile -}}
certFile: {{ .Values.tls.files.certFile }}
keyFile: {{ .Values.tls.files.keyFile }}
{{- else if include "postern.tlsSecretName" . -}}
certFile: /etc/postern/tls/tls.crt
keyFile: /etc/postern/tls/tls.key
{{- else -}}
names: {{- concat (include "postern.serviceNames" . | fromYamlArray) (.Values.tls.ipAddresses | default list) | toYaml | nindent 2 }}
{{- end -}}
{{- end -}}

{{/* The Secret with the certificate, if there is one. */}}
{{- define "postern.tlsSecretName" -}}
{{- if .Values.tls.existingSecret -}}
{{- .Values.tls.existingSecret -}}
{{- else if .Values.tls.certManager.enabled -}}
{{- .Values.tls.certManager.secretName | default (printf "%s-tls" (include "postern.fullname" .)) -}}
{{- end -}}
{{- end -}}

{{- define "postern.kubeClusters" -}}
{{- $clusters := list -}}
{{- if .Values.kubeCluster.enabled -}}
{{- $own := dict "name" .Values.kubeCluster.name "inCluster" true -}}
{{- with .Values.kubeCluster.labels }}{{ $own = set $own "labels" . }}{{ end -}}
{{- if .Values.impersonation.serviceAccount.enabled -}}
{{- $own = set $own "impersonator" (dict
  "serviceAccount" (include "postern.impersonatorName" .) "namespace" (include "postern.namespace" .)) -}}
{{- end -}}
{{- $clusters = append $clusters $own -}}
{{- end -}}
{{- range .Values.additionalKubeClusters -}}
{{- $cluster := dict "name" .name "kubeconfig" (printf "/etc/postern/clusters/%s/kubeconfig" .name) -}}
{{- with .labels }}{{ $cluster = set $cluster "labels" . }}{{ end -}}
{{- with .context }}{{ $cluster = set $cluster "context" . }}{{ end -}}
{{- $clusters = append $clusters $cluster -}}
{{- end -}}
{{- toYaml $clusters -}}
{{- end -}}

{{/* The files of roles and users, as the pod sees them. */}}
{{- define "postern.documentFiles" -}}
{{- $files := list -}}
{{- if .Values.rolesAndUsers }}{{ $files = append $files "/etc/postern/roles/roles.yaml" }}{{ end -}}
{{- range $index, $from := .Values.rolesAndUsersFrom -}}
{{- $files = append $files (printf "/etc/postern/roles-%d/%s" $index $from.key) -}}
{{- end -}}
{{- toYaml $files -}}
{{- end -}}

{{/* Kubernetes' own names among those that postern may take: postern has to be told of them too. */}}
{{- define "postern.systemNames" -}}
{{- $names := list -}}
{{- range concat (.Values.impersonation.groups | default list) (.Values.impersonation.users | default list) -}}
{{- if hasPrefix "system:" . }}{{ $names = append $names . }}{{ end -}}
{{- end -}}
{{- range .Values.impersonation.serviceAccounts -}}
{{- $names = append $names (printf "system:serviceaccount:%s:%s" .namespace .name) -}}
{{- end -}}
{{- toYaml (uniq $names) -}}
{{- end -}}

{{/* The port of an address in the configuration: (list . "listen"). */}}
{{- define "postern.port" -}}
{{- $config := include "postern.config" (first .) | fromYaml -}}
{{- get $config (last .) | toString | regexFind "[0-9]+$" -}}
{{- end -}}

{{/* A Go duration in whole seconds, rounded up. */}}
{{- define "postern.seconds" -}}
{{- $milliseconds := 0 -}}
{{- range regexFindAll "[0-9]+(ms|s|m|h)" (toString .) -1 -}}
{{- $number := regexFind "^[0-9]+" . | int -}}
{{- $unit := regexFind "[a-z]+$" . -}}
{{- $milliseconds = add $milliseconds (mul $number (get (dict "ms" 1 "s" 1000 "m" 60000 "h" 3600000) $unit)) -}}
{{- end -}}
{{- div (add $milliseconds 999) 1000 -}}
{{- end -}}

{{- define "postern.gracePeriod" -}}
{{- $drain := (include "postern.config" . | fromYaml).drain -}}
{{- $needed := add (include "postern.seconds" $drain.delay) (include "postern.seconds" $drain.timeout) -}}
{{- if kindIs "invalid" .Values.terminationGracePeriodSeconds -}}
{{- add $needed 5 -}}
{{- else -}}
{{- int .Values.terminationGracePeriodSeconds -}}
{{- end -}}
{{- end -}}

{{/* Which authenticators there are beside the password, as YAML. A key with an empty map is one. */}}
{{- define "postern.authenticators" -}}
{{- $auth := (include "postern.config" . | fromYaml).authentication | default dict -}}
{{- $found := list -}}
{{- range $key := list "clientCAFile" "tokenFile" "tokenReview" "clusterClientCA" -}}
{{- if and (hasKey $auth $key) (not (has (get $auth $key) (list nil ""))) }}{{ $found = append $found $key }}{{ end -}}
{{- end -}}
{{- toYaml $found -}}
{{- end -}}
