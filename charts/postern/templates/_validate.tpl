{{/*
Combinations that cannot work, refused in words. What a single value may be is said by values.schema.json.
*/}}
{{- define "postern.validate" -}}
{{- $problems := list -}}
{{- $v := .Values -}}
{{- $config := include "postern.config" . | fromYaml -}}
{{- $type := dig "storage" "type" "sqlite" $config -}}
{{- $several := gt (include "postern.replicas" . | int) 1 -}}

{{- if and $several (ne $type "kubernetes") -}}
{{- $problems = append $problems (printf "config.storage.type %s is for one pod: use `kubernetes`, or replicaCount 1 of kind Deployment without autoscaling" $type) -}}
{{- end -}}
{{- if and $several $v.persistence.enabled -}}
{{- $problems = append $problems "persistence is for one pod: with several, config.storage.type kubernetes keeps everything" -}}
{{- end -}}
{{- if and (eq $v.kind "Sidecar") $v.persistence.enabled -}}
{{- $problems = append $problems "persistence is not for kind Sidecar: the parent chart has the volumes" -}}
{{- end -}}
{{- if and $v.autoscaling.enabled (ne $v.kind "Deployment") -}}
{{- $problems = append $problems "autoscaling is for kind Deployment" -}}
{{- end -}}
{{- if and $v.autoscaling.enabled (gt (int $v.autoscaling.minReplicas) (int $v.autoscaling.maxReplicas)) -}}
{{- $problems = append $problems "autoscaling.minReplicas is more than autoscaling.maxReplicas" -}}
{{- end -}}
{{- if and (or $v.hostNetwork $v.hostPort) (ne $v.kind "DaemonSet") -}}
{{- $problems = append $problems "hostNetwork and hostPort are for kind DaemonSet" -}}
{{- end -}}

{{- $ways := list -}}
{{- if $v.tls.existingSecret }}{{ $ways = append $ways "tls.existingSecret" }}{{ end -}}
{{- if $v.tls.certManager.enabled }}{{ $ways = append $ways "tls.certManager" }}{{ end -}}
{{- if $v.tls.files.certFile }}{{ $ways = append $ways "tls.files" }}{{ end -}}
{{- if $v.config.tls }}{{ $ways = append $ways "config.tls" }}{{ end -}}
{{- if gt (len $ways) 1 -}}
{{- $problems = append $problems (printf "the certificate can come from one place only: %s" (join ", " $ways)) -}}
{{- end -}}
{{- if ne (empty $v.tls.files.certFile) (empty $v.tls.files.keyFile) -}}
{{- $problems = append $problems "tls.files needs both certFile and keyFile" -}}
{{- end -}}

{{- if and $v.serviceMonitor.enabled $v.podMonitor.enabled -}}
{{- $problems = append $problems "serviceMonitor and podMonitor would scrape everything twice: enable one" -}}
{{- end -}}
{{- if and $v.serviceMonitor.enabled (not $v.metricsService.enabled) -}}
{{- $problems = append $problems "serviceMonitor needs metricsService.enabled" -}}
{{- end -}}
{{- $min := not (kindIs "invalid" $v.podDisruptionBudget.minAvailable) -}}
{{- $max := not (kindIs "invalid" $v.podDisruptionBudget.maxUnavailable) -}}
{{- if and $v.podDisruptionBudget.enabled (eq $min $max) -}}
{{- $problems = append $problems "podDisruptionBudget needs exactly one of minAvailable and maxUnavailable (set the other to null)" -}}
{{- end -}}

{{- if and $v.impersonation.serviceAccounts (eq (include "postern.impersonationMode" .) "constrained") -}}
{{- $problems = append $problems "impersonation.serviceAccounts needs mode legacy or both: constrained impersonation takes service accounts without groups only" -}}
{{- end -}}
{{- if and $v.impersonation.serviceAccount.enabled (not $v.impersonation.serviceAccount.create) (not $v.impersonation.serviceAccount.name) -}}
{{- $problems = append $problems "impersonation.serviceAccount needs a name when it is not created" -}}
{{- end -}}

{{- if not $config.kubeClusters -}}
{{- $problems = append $problems "there is no cluster: kubeCluster.enabled, additionalKubeClusters or config.kubeClusters" -}}
{{- end -}}
{{- if and (eq $type "kubernetes") (not $v.kubeCluster.enabled) (not (dig "storage" "kubeCluster" "" $v.config)) -}}
{{- $problems = append $problems "config.storage.type kubernetes needs kubeCluster.enabled, or config.storage.kubeCluster" -}}
{{- end -}}
{{- if regexMatch "^(|127\\..*|\\[::1\\].*)$" ($config.adminListen | toString) -}}
{{- $problems = append $problems "config.adminListen has to be an address that the kubelet's probes reach, such as 0.0.0.0:8081" -}}
{{- end -}}
{{- $drain := add (include "postern.seconds" $config.drain.delay) (include "postern.seconds" $config.drain.timeout) -}}
{{- if lt (include "postern.gracePeriod" . | int) (int $drain) -}}
{{- $problems = append $problems (printf "terminationGracePeriodSeconds is less than config.drain takes (%d s): pods would be killed while they drain" $drain) -}}
{{- end -}}

{{- if $problems -}}
{{- fail (printf "\n\nvalues that do not go together:\n- %s\n" (join "\n- " $problems)) -}}
{{- end -}}
{{- end -}}
