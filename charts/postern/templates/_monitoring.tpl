{{/* What ServiceMonitor and PodMonitor have in common: an endpoint made of .Values.serviceMonitor or .Values.podMonitor. */}}
{{- define "postern.scrape" -}}
port: http-metrics
path: /metrics
interval: {{ .interval }}
scrapeTimeout: {{ .scrapeTimeout }}
honorLabels: {{ .honorLabels }}
# The alerts and the dashboard look for a job of this name.
relabelings:
- {action: replace, targetLabel: job, replacement: postern}
{{- with .relabelings }}
{{- toYaml . | nindent 0 }}
{{- end }}
{{- with .metricRelabelings }}
metricRelabelings: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}
