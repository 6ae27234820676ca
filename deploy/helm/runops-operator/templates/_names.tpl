{{- define "runops.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- /* 43: what is added to it, "-prompts-" and ten digits of a hash, stays below the 63 of a label. */ -}}
{{- define "runops.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 43 | trimSuffix "-" -}}
{{- else -}}
{{- $name := include "runops.name" . -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 43 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 43 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "runops.selectorLabels" -}}
app.kubernetes.io/name: {{ include "runops.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{- /* Selector of the operator's pods, for Service, monitors, budget and policies. */ -}}
{{- define "runops.operatorSelector" -}}
{{ include "runops.selectorLabels" . }}
app.kubernetes.io/component: operator
{{- end -}}

{{- define "runops.labels" -}}
{{- include "runops.labelsWith" (dict "root" .) -}}
{{- end -}}

{{- /*
The labels of one object. Takes {root, own, more}: `own`, by which it is found, wins over what the values say, and `more`
of the values over commonLabels. Merged, not written one after the other: Flux refuses an object with a key twice.
*/ -}}
{{- define "runops.labelsWith" -}}
{{- $root := .root -}}
{{- $told := dict
  "app.kubernetes.io/version" $root.Chart.AppVersion
  "app.kubernetes.io/managed-by" $root.Release.Service
  "app.kubernetes.io/part-of" "runops"
  "helm.sh/chart" (printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-") -}}
{{- $own := mergeOverwrite (include "runops.selectorLabels" $root | fromYaml) (.own | default dict) -}}
{{- toYaml (mergeOverwrite $told ($root.Values.commonLabels | default dict) (.more | default dict) $own) -}}
{{- end -}}

{{- /* The annotations of one object, if it has any. Takes {root, own, more}, as above, and {at}, its indent. */ -}}
{{- define "runops.annotationsWith" -}}
{{- $common := mergeOverwrite (dict) (.root.Values.commonAnnotations | default dict) -}}
{{- $at := int (.at | default 2) -}}
{{- with mergeOverwrite $common (.more | default dict) (.own | default dict) -}}
{{- "annotations:" | nindent $at -}}
{{- toYaml . | nindent (int (add $at 2)) -}}
{{- end -}}
{{- end -}}

{{- /* Refuses labels and annotations by which objects are found, or handled by Helm: one of another value would hide an object. */ -}}
{{- define "runops.refuseReserved" -}}
{{- $found := list "app.kubernetes.io/name" "app.kubernetes.io/instance" "app.kubernetes.io/component" -}}
{{- $made := concat $found (list "app.kubernetes.io/managed-by" "kueue.x-k8s.io/queue-name" "job-name" "controller-uid") -}}
{{- $worker := .Values.worker -}}
{{- range list
  (list "commonLabels" .Values.commonLabels $found)
  (list "podLabels" .Values.podLabels $found)
  (list "worker.labels" $worker.labels $made)
  (list "worker.jobLabels" $worker.jobLabels $made)
  (list "commonAnnotations" .Values.commonAnnotations list)
  (list "podAnnotations" .Values.podAnnotations list)
  (list "worker.annotations" $worker.annotations list)
  (list "worker.jobAnnotations" $worker.jobAnnotations list)
-}}
{{- $value := index . 0 -}}
{{- $reserved := index . 2 -}}
{{- $ofAnnotations := hasSuffix "nnotations" $value -}}
{{- range $key, $_ := index . 1 -}}
{{- if or (has $key $reserved) (hasPrefix "runops.dev/" $key) (hasPrefix "batch.kubernetes.io/" $key) (and $ofAnnotations (hasPrefix "helm.sh/" $key)) -}}
{{- fail (printf "%s sets %s, by which the release and its objects are handled. Take it out; a key of your own works." $value $key) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "runops.operatorAccount" -}}
{{- .Values.serviceAccount.name | default (ternary (include "runops.fullname" .) "default" .Values.serviceAccount.create) -}}
{{- end -}}

{{- define "runops.workerAccount" -}}
{{- $account := .Values.worker.serviceAccount -}}
{{- $account.name | default (ternary (printf "%s-worker" (include "runops.fullname" .)) "default" $account.create) -}}
{{- end -}}

{{- define "runops.secret" -}}
{{- .Values.existingSecret | default (printf "%s-keys" (include "runops.fullname" .)) -}}
{{- end -}}

{{- /* All prompts as a JSON object, name to text: the chart's, overridden by those of the values. */ -}}
{{- define "runops.promptTexts" -}}
{{- $texts := dict -}}
{{- range $path, $content := .Files.Glob "files/prompts/*.md" -}}
{{- $_ := set $texts (base $path) (toString $content) -}}
{{- end -}}
{{- toJson (mergeOverwrite $texts .Values.prompts.files) -}}
{{- end -}}

{{- define "runops.promptsConfigMap" -}}
{{- if .Values.prompts.existingConfigMap -}}
{{- .Values.prompts.existingConfigMap -}}
{{- else -}}
{{- $parts := list -}}
{{- range $name, $text := include "runops.promptTexts" . | fromJson -}}
{{- $parts = append $parts (printf "%s %s" $name (sha256sum $text)) -}}
{{- end -}}
{{- printf "%s-prompts-%s" (include "runops.fullname" .) (join "\n" $parts | sha256sum | trunc 10) -}}
{{- end -}}
{{- end -}}

{{- /* "true" if objects outside the namespace may be created. */ -}}
{{- define "runops.clusterWide" -}}
{{- ternary "" "true" .Values.namespaced -}}
{{- end -}}

{{- /* Name of a cluster-wide object: unique per namespace and release. */ -}}
{{- define "runops.clusterWideName" -}}
{{- printf "%s-%s" .Release.Namespace (include "runops.fullname" .) -}}
{{- end -}}

{{- /* The ConfigMap in which the operator counts what videos cost. */ -}}
{{- define "runops.spendingRecord" -}}
{{- printf "%s-spending" (include "runops.fullname" .) -}}
{{- end -}}

{{- /* Not empty where a cap over several videos is set: only then the operator counts. */ -}}
{{- define "runops.countsSpending" -}}
{{- with .Values.cost }}{{ if or .maxPerUserAndDayUsd .maxPerDayUsd .maxPerMonthUsd }}true{{ end }}{{ end }}
{{- end -}}

{{- /*
Annotations of what nothing may delete but a person: Helm and Flux obey the first. Argo CD reads it as Delete=false alone,
and would prune what the chart renders no more.
*/ -}}
{{- define "runops.kept" -}}
helm.sh/resource-policy: keep
argocd.argoproj.io/sync-options: Prune=false,Delete=false
{{- end -}}
