{{- /* Egress of operator and workers. */ -}}
{{- define "runops.egress" -}}
{{- $policy := .Values.networkPolicy -}}
- to:
    {{- toYaml $policy.dns.to | nindent 4 }}
  ports:
    {{- range $port := $policy.dns.ports }}
    {{- range $protocol := list "UDP" "TCP" }}
    - {protocol: {{ $protocol }}, port: {{ $port }}}
    {{- end }}
    {{- end }}
- to:
    {{- if $policy.apiServer.cidrs }}
    {{- range $policy.apiServer.cidrs }}
    - ipBlock: {cidr: {{ . | quote }}}
    {{- end }}
    {{- else }}
    {{- include "runops.everywhereBut" list | nindent 4 }}
    {{- end }}
  ports:
    {{- range $policy.apiServer.ports }}
    - {protocol: TCP, port: {{ . }}}
    {{- end }}
- to:
    {{- include "runops.everywhereBut" $policy.except | nindent 4 }}
  ports:
    - {protocol: TCP, port: 443}
{{- with $policy.extraEgress }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- /* All addresses except some, as peers. A pod that reaches the cloud's metadata service can act as its node. */ -}}
{{- define "runops.everywhereBut" -}}
{{- $four := list "169.254.169.254/32" -}}
{{- $six := list "fd00:ec2::254/128" -}}
{{- range . -}}
{{- if contains ":" . }}{{ $six = append $six . }}{{ else }}{{ $four = append $four . }}{{ end -}}
{{- end -}}
- ipBlock:
    cidr: 0.0.0.0/0
    except: {{ uniq $four | toJson }}
- ipBlock:
    cidr: ::/0
    except: {{ uniq $six | toJson }}
{{- end -}}

{{- /* The same for Cilium, which learns the addresses of host names from DNS answers. */ -}}
{{- define "runops.ciliumEgress" -}}
{{- $policy := .Values.networkPolicy -}}
- toEndpoints:
    {{- toYaml $policy.cilium.dns | nindent 4 }}
  toPorts:
    - ports:
        {{- range $policy.dns.ports }}
        - {port: {{ . | toString | quote }}, protocol: ANY}
        {{- end }}
      rules:
        dns: [{matchPattern: "*"}]
- toEntities: [kube-apiserver]
  toPorts:
    - ports:
        {{- range $policy.apiServer.ports }}
        - {port: {{ . | toString | quote }}, protocol: TCP}
        {{- end }}
{{- with $policy.cilium.hosts }}
- toFQDNs:
    {{- range . }}
    - {{ contains "*" . | ternary "matchPattern" "matchName" }}: {{ . | quote }}
    {{- end }}
  toPorts:
    - ports:
        - {port: "443", protocol: TCP}
{{- end }}
{{- with $policy.cilium.extraEgress }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- /* Labels that build_job gives to every worker's pod. */ -}}
{{- define "runops.workerSelector" -}}
app.kubernetes.io/name: runops-worker
app.kubernetes.io/managed-by: runops-operator
{{- end -}}
