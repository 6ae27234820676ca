{{- /* Full name of an image; the digest overrides the tag. Takes {image, root}. */ -}}
{{- define "runops.image" -}}
{{- $repository := .image.repository -}}
{{- with .root.Values.global.imageRegistry -}}
{{- $parts := splitList "/" $repository -}}
{{- /* How container runtimes recognise a registry in the first part of a name. */ -}}
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

{{- /* Names of all pull secrets as a JSON array: this chart's and the umbrella chart's, which may be plain names. */ -}}
{{- define "runops.pullSecrets" -}}
{{- $names := list -}}
{{- range concat .Values.imagePullSecrets .Values.global.imagePullSecrets -}}
{{- $names = append $names (kindIs "string" . | ternary . (get (kindIs "map" . | ternary . dict) "name")) -}}
{{- end -}}
{{- uniq $names | toJson -}}
{{- end -}}

{{- /* Amounts as strings, given as strings or as numbers: toString would write a large number as 4.29e+09. */ -}}
{{- define "runops.resources" -}}
{{- range $kind, $amounts := . }}
{{ $kind }}:
{{- range $name, $amount := $amounts }}
{{- if not (kindIs "invalid" $amount) }}
  {{ $name }}: {{ kindIs "string" $amount | ternary $amount (toJson $amount) | quote }}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{- /* Not empty where the platform gives each pod its user and group, and refuses any other. */ -}}
{{- define "runops.platformChoosesUser" -}}
{{- $enabled := .Values.openshift.enabled -}}
{{- if eq (toString $enabled) "auto" }}{{ $enabled = .Capabilities.APIVersions.Has "security.openshift.io/v1" }}{{ end -}}
{{- if $enabled }}true{{ end -}}
{{- end -}}

{{- /*
An affinity that keeps to nodes of the images' architectures as well. Takes {affinity, nodeSelector, value, root}. One of the
terms must hold, so each gets the condition, except one that names architectures itself.
*/ -}}
{{- define "runops.affinity" -}}
{{- $affinity := deepCopy (.affinity | default dict) -}}
{{- with .root.Values.architectures -}}
{{- $chosen := get ($.nodeSelector | default dict) "kubernetes.io/arch" -}}
{{- if and $chosen (not (has $chosen .)) -}}
{{- fail (printf "%s asks for nodes of kubernetes.io/arch %s, and the images are for %s only. Build images for it and add it to architectures." $.value $chosen (join ", " .)) -}}
{{- end -}}
{{- $built := dict "key" "kubernetes.io/arch" "operator" "In" "values" . -}}
{{- $node := get $affinity "nodeAffinity" | default dict -}}
{{- $required := get $node "requiredDuringSchedulingIgnoredDuringExecution" | default dict -}}
{{- $terms := list -}}
{{- range get $required "nodeSelectorTerms" | default (list dict) -}}
{{- $keys := list -}}
{{- range .matchExpressions }}{{ $keys = append $keys .key }}{{ end -}}
{{- if not (has "kubernetes.io/arch" $keys) -}}
{{- $_ := set . "matchExpressions" (append (.matchExpressions | default list) $built) -}}
{{- end -}}
{{- $terms = append $terms . -}}
{{- end -}}
{{- $_ := set $required "nodeSelectorTerms" $terms -}}
{{- $_ := set $node "requiredDuringSchedulingIgnoredDuringExecution" $required -}}
{{- $_ := set $affinity "nodeAffinity" $node -}}
{{- end -}}
{{- with $affinity }}{{ toYaml . }}{{ end -}}
{{- end -}}

{{- /* Shared by the operator's pod and the pod of `helm test`: account, security context, placement. */}}
{{- define "runops.operatorPod" -}}
serviceAccountName: {{ include "runops.operatorAccount" . }}
automountServiceAccountToken: true
enableServiceLinks: false
terminationGracePeriodSeconds: 30
securityContext:
  runAsNonRoot: true
  {{- if not (include "runops.platformChoosesUser" .) }}
  runAsUser: 65532
  runAsGroup: 65532
  fsGroup: 65532
  {{- end }}
  seccompProfile:
    type: RuntimeDefault
{{- if kindIs "bool" .Values.hostUsers }}
hostUsers: {{ .Values.hostUsers }}
{{- end }}
{{- with include "runops.pullSecrets" . | fromJsonArray }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . | quote }}
  {{- end }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
{{- end -}}

{{- /* The same for their containers. */}}
{{- define "runops.operatorContainer" -}}
image: {{ include "runops.image" (dict "image" .Values.image "root" .) | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
env:
  - name: RUNOPS_CONFIG
    value: /etc/runops/operator.yaml
  - name: RUNOPS_SECRETS_DIR
    value: /etc/runops/secrets
  - name: RUNOPS_POD_NAME
    valueFrom:
      fieldRef:
        fieldPath: metadata.name
  - name: HOME
    value: /tmp
  {{- if include "runops.hasCaBundle" . }}
  - name: RUNOPS_CA_BUNDLE
    value: /etc/runops/ca/ca.crt
  {{- end }}
  {{- with .Values.extraEnv }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with .Values.extraEnvFrom }}
envFrom:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.resources }}
resources:
  {{- include "runops.resources" . | trim | nindent 2 }}
{{- end }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
volumeMounts:
  # One file, not the folder: the mount point of the secrets could not be created below a read-only volume.
  - name: config
    mountPath: /etc/runops/operator.yaml
    subPath: operator.yaml
    readOnly: true
  - name: secrets
    mountPath: /etc/runops/secrets
    readOnly: true
  - name: tmp
    mountPath: /tmp
  {{- if include "runops.hasCaBundle" . }}
  - name: ca-bundle
    mountPath: /etc/runops/ca
    readOnly: true
  {{- end }}
  {{- with .Values.extraVolumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{- /* The same for their volumes and nodes. */}}
{{- define "runops.operatorVolumes" -}}
volumes:
  - name: config
    configMap:
      name: {{ include "runops.fullname" . }}
  - name: secrets
    secret:
      secretName: {{ include "runops.secret" . }}
      # Optional: the operator reports a missing Secret itself and continues once it exists.
      optional: true
      # 0440 in decimal: the group is fsGroup.
      defaultMode: 288
  - name: tmp
    emptyDir:
      sizeLimit: 64Mi
  {{- if include "runops.hasCaBundle" . }}
  {{- with .Values.caBundle }}
  - name: ca-bundle
    {{ ternary "configMap" "secret" (not (empty .configMap)) }}:
      {{ ternary "name" "secretName" (not (empty .configMap)) }}: {{ .configMap | default .secret | quote }}
      # Optional: where it is missing, the operator starts and says so.
      optional: true
      items:
        - key: {{ .key | quote }}
          path: ca.crt
  {{- end }}
  {{- end }}
  {{- with .Values.extraVolumes }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with include "runops.affinity" (dict "affinity" .Values.affinity "nodeSelector" .Values.nodeSelector "value" "nodeSelector" "root" .) }}
affinity:
  {{- . | nindent 2 }}
{{- end }}
{{- end -}}

{{- /* Not empty where authorities are trusted beside the public ones. */ -}}
{{- define "runops.hasCaBundle" -}}
{{- with .Values.caBundle -}}
{{- if and .configMap .secret -}}
{{- fail "caBundle.configMap and caBundle.secret are both set, and only one would be used. Set one of them." -}}
{{- end -}}
{{- if or .configMap .secret -}}
true
{{- end -}}
{{- end -}}
{{- end -}}
