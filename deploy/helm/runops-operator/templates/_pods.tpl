{{- /* An image's full name; the digest wins over the tag. Takes {image, root}. */ -}}
{{- define "runops.image" -}}
{{- $repository := .image.repository -}}
{{- with .root.Values.global.imageRegistry -}}
{{- $parts := splitList "/" $repository -}}
{{- /* As container runtimes tell a registry from the first part of a name. */ -}}
{{- if and (gt (len $parts) 1) (regexMatch "[.:]|^localhost$" (first $parts)) -}}
{{- $parts = rest $parts -}}
{{- end -}}
{{- $repository = printf "%s/%s" (trimSuffix "/" .) (join "/" $parts) -}}
{{- end -}}
{{- if .image.digest -}}
{{- printf "%s@%s" $repository .image.digest -}}
{{- else -}}
{{- printf "%s:%s" $repository (.image.tag | default .root.Chart.AppVersion) -}}
{{- end -}}
{{- end -}}

{{- /* Names of all pull secrets as a JSON array: ours and the umbrella chart's, which may be plain names. */ -}}
{{- define "runops.pullSecrets" -}}
{{- $names := list -}}
{{- range concat .Values.imagePullSecrets .Values.global.imagePullSecrets -}}
{{- $names = append $names (kindIs "string" . | ternary . (get (kindIs "map" . | ternary . dict) "name")) -}}
{{- end -}}
{{- uniq $names | toJson -}}
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
