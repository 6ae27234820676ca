{{- /* "true" if an object of another product's kind is to be created. Takes {settings, value, kind, root}. */ -}}
{{- define "runops.monitored" -}}
{{- if .settings.enabled -}}
{{- if or (eq .settings.renderMode "alwaysRender") (.root.Capabilities.APIVersions.Has (printf "monitoring.coreos.com/v1/%s" .kind)) -}}
true
{{- else if eq .settings.renderMode "failIfMissing" -}}
{{- fail (printf "metrics.%s is enabled, but the cluster does not know the kind %s (monitoring.coreos.com/v1). Install the Prometheus operator first, or set metrics.%s.renderMode to skipIfMissing or alwaysRender." .value .kind .value) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- /* How a target is scraped. Takes the settings of a monitor. */ -}}
{{- define "runops.endpoint" -}}
path: /metrics
interval: {{ .interval }}
{{- with .relabelings }}
relabelings:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .metricRelabelings }}
metricRelabelings:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}
