{{/* What NOTES.txt says, in parts. */}}

{{/* "own" when postern makes its certificate, "cert-manager", or "given". */}}
{{- define "postern.certificateFrom" -}}
{{- $config := include "postern.config" . | fromYaml -}}
{{- if .Values.tls.certManager.enabled }}cert-manager
{{- else if dig "tls" "certFile" "" $config }}given
{{- else }}own
{{- end -}}
{{- end -}}

{{/* How a login gets to know the proxy: the authority, and the name in the certificate where the address is not in it. */}}
{{- define "postern.trustOptions" -}}
{{- $from := include "postern.certificateFrom" . -}}
{{- $forwarded := not (or (has .Values.service.type (list "LoadBalancer" "NodePort")) .Values.ingress.enabled) -}}
{{- $named := and .Values.ingress.enabled (eq .Values.service.type "ClusterIP") -}}
{{- if ne $from "own" }} --ca-file ca.crt{{ end -}}
{{- if not (or $named (and $forwarded (eq $from "own"))) }} --tls-server-name {{ ternary "NAME" (include "postern.serviceNames" . | fromYamlArray | first) (eq $from "given") }}{{ end -}}
{{- end -}}

{{/* Where the words of the options above come from. */}}
{{- define "postern.trustHint" -}}
{{- $from := include "postern.certificateFrom" . -}}
{{- if eq $from "cert-manager" }}

   Its certificate is known by the issuer's authority:

     kubectl -n {{ include "postern.namespace" . }} get secret {{ include "postern.tlsSecretName" . }} -o 'jsonpath={.data.ca\.crt}' | base64 -d > ca.crt
{{- else if eq $from "given" }}

   ca.crt is the authority of the certificate that you gave it; leave --ca-file out where your system trusts that one.
   {{- if contains "NAME" (include "postern.trustOptions" .) }} NAME is a name in the certificate.{{ end }}
{{- end -}}
{{- end -}}

{{/*
Whether a start of postern makes a first login (proxy/access/state, ensure_administrator): "yes", "maybe" where that
depends on who the documents and the authenticators are, or nothing.
*/}}
{{- define "postern.firstLogin" -}}
{{- $config := include "postern.config" . | fromYaml -}}
{{- $auth := $config.authentication | default dict -}}
{{- $documents := or .Values.rolesAndUsers .Values.rolesAndUsersFrom -}}
{{- if and .Release.IsInstall (dig "localUsers" "enabled" true $auth) -}}
{{- if not (include "postern.authenticators" . | fromYamlArray) }}yes
{{- else if not (or $documents $auth.groupRoles) }}yes
{{- else }}maybe
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The command that prints it. */}}
{{- define "postern.firstLoginCommand" -}}
{{- $command := printf "-- postern auth first-login --config /etc/postern/config/postern.yaml --server \"$PROXY\"%s" (include "postern.trustOptions" .) -}}
{{- $namespace := include "postern.namespace" . -}}
{{- if gt (include "postern.replicas" . | int) 1 }}
     for POD in $(kubectl -n {{ $namespace }} get pods -o name -l app.kubernetes.io/instance={{ .Release.Name }},app.kubernetes.io/component=proxy); do
       kubectl -n {{ $namespace }} exec "$POD" {{ $command }}
     done
{{- else }}
     kubectl -n {{ $namespace }} exec {{ lower .Values.kind }}/{{ include "postern.fullname" . }} {{ $command }}
{{- end -}}
{{- end -}}

{{/* Names of the people among the users in the values. */}}
{{- define "postern.userNames" -}}
{{- $names := list -}}
{{- range .Values.rolesAndUsers }}{{ if and (eq .kind "user") (not (contains "system:serviceaccount:" .metadata.name)) }}{{ $names = append $names .metadata.name }}{{ end }}{{ end -}}
{{- toYaml $names -}}
{{- end -}}

{{/* The logins by what config.authentication names, one after the other. */}}
{{- define "postern.otherLogins" -}}
{{- $config := include "postern.config" . | fromYaml -}}
{{- $auth := $config.authentication | default dict -}}
{{- $others := include "postern.authenticators" . | fromYamlArray -}}
{{- $login := printf "postern login --proxy \"$PROXY\"%s%s" (ternary " --ca-pin \"$PIN\"" "" (eq (include "postern.certificateFrom" .) "own")) (include "postern.trustOptions" .) -}}
{{- if has "tokenReview" $others }}
{{- $cluster := $auth.tokenReview.kubeCluster | default (first $config.kubeClusters).name }}

   as a service account of the cluster {{ $cluster }}, which is the user {{ dig "prefix" "users" "" $auth.tokenReview }}system:serviceaccount:NAMESPACE:NAME
   {{- if not (dig "prefix" "users" "" $auth.tokenReview) }} (the cluster hears
   that name from postern only where impersonation.serviceAccounts lists the account){{ end }}:

     kubectl -n NAMESPACE create token NAME --audience {{ $auth.tokenReview.audiences | default (list "postern") | first }} > token
     {{ $login }} --token-file token
{{- end }}
{{- if has "tokenFile" $others }}

   with a token of config.authentication.tokenFile, in a file:

     {{ $login }} --token-file token
{{- end }}
{{- if or (has "clientCAFile" $others) (has "clusterClientCA" $others) }}

   with a client certificate of {{ if has "clientCAFile" $others }}config.authentication.clientCAFile{{ else }}the cluster {{ $auth.clusterClientCA.kubeCluster | default (first $config.kubeClusters).name }}{{ end }}:

     {{ $login }} --cert YOU.crt --key YOU.key
{{- end }}
{{- if and (dig "localUsers" "enabled" true $auth) (not .Release.IsInstall) }}

   with a password, which YOU set with the login that an administrator's `postern users invite YOU` printed:

     {{ $login }} --user YOU
{{- end -}}
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
{{- $auth := (include "postern.config" . | fromYaml).authentication | default dict -}}
{{- if not (or (include "postern.authenticators" . | fromYamlArray) (dig "localUsers" "enabled" true $auth)) -}}
{{- $warnings = append $warnings "config.authentication names nothing by which anybody could log in: every request will be answered 401" -}}
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
