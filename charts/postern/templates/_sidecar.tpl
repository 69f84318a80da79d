{{/*
For a parent chart that runs postern beside a program of its own. postern is a dependency with
`kind: Sidecar`, and the parent's pod has:

  metadata:
    annotations: {{- include "postern.sidecar.podAnnotations" .Subcharts.postern | nindent 8 }}
  spec:
    serviceAccountName: {{ include "postern.serviceAccountName" .Subcharts.postern }}
    automountServiceAccountToken: false
    initContainers:                       # a native sidecar: up before the program, down after it
    - {{ include "postern.sidecar.nativeContainer" .Subcharts.postern | nindent 6 | trim }}
    volumes:
    {{- include "postern.sidecar.volumes" .Subcharts.postern | nindent 4 }}

or "postern.sidecar.container" among its containers. The program reaches the API server at
"postern.sidecar.url", plain HTTP on loopback, with its user's bearer token in every request: the
listener has no identity of its own. Only postern's container mounts the service account's token.
*/}}

{{- define "postern.sidecar.container" -}}
{{- include "postern.sidecar.check" . -}}
{{- include "postern.container" . -}}
{{- end -}}

{{- define "postern.sidecar.nativeContainer" -}}
{{- include "postern.sidecar.check" . -}}
{{- include "postern.container" . }}
restartPolicy: Always
{{- end -}}

{{- define "postern.sidecar.volumes" -}}
{{- include "postern.volumes" . -}}
{{- end -}}

{{- define "postern.sidecar.podAnnotations" -}}
checksum/postern-config: {{ include "postern.config" . | sha256sum }}
{{- end -}}

{{- define "postern.sidecar.url" -}}
http://{{ (include "postern.config" . | fromYaml).loopbackListen }}
{{- end -}}

{{- define "postern.sidecar.check" -}}
{{- if ne .Values.kind "Sidecar" -}}
{{- fail "a chart that includes postern as a sidecar has to set kind: Sidecar in postern's values" -}}
{{- end -}}
{{- end -}}
