{{- /* An image's full name; the digest wins over the tag. Takes {image, root}. */ -}}
{{- define "runops.image" -}}
{{- if .image.digest -}}
{{- printf "%s@%s" .image.repository .image.digest -}}
{{- else -}}
{{- printf "%s:%s" .image.repository (.image.tag | default .root.Chart.AppVersion) -}}
{{- end -}}
{{- end -}}

{{- /* Amounts as strings, whether they were given as strings or as numbers. */ -}}
{{- define "runops.resources" -}}
{{- range $kind, $amounts := . }}
{{ $kind }}:
{{- range $name, $amount := $amounts }}
  {{ $name }}: {{ $amount | toString | quote }}
{{- end }}
{{- end }}
{{- end -}}
