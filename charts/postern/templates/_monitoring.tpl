{{/* What ServiceMonitor and PodMonitor have in common: an endpoint made of .Values.serviceMonitor or .Values.podMonitor. */}}
{{- define "postern.scrape" -}}
port: http-metrics
path: /metrics
interval: {{ .interval }}
scrapeTimeout: {{ .scrapeTimeout }}
honorLabels: {{ .honorLabels }}
{{- with .relabelings }}
relabelings: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .metricRelabelings }}
metricRelabelings: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}
