{{- /* The operator's configuration file. Numbers go through toJson: plain templates write large ones as 4.29e+09. */ -}}
{{- define "runops.config" -}}
{{- with .Values.installation }}
installation: {{ . | quote }}
{{- end }}
release: {{ .Release.Name | quote }}
{{- with .Values.formerInstallations }}
formerInstallations: {{ toJson . }}
{{- end }}
namespace: {{ .Release.Namespace | quote }}
{{- range $setting := list "commonLabels" "commonAnnotations" }}
{{- with get $.Values $setting }}
{{ $setting }}: {{ toJson . }}
{{- end }}
{{- end }}
maxConcurrent: {{ toJson .Values.maxConcurrent }}
{{- with .Values.maxConcurrentPerUser }}
maxConcurrentPerUser: {{ toJson . }}
{{- end }}
backfill:
  maxConcurrent: {{ toJson .Values.backfill.maxConcurrent }}
ageingSeconds: {{ toJson .Values.ageingSeconds }}
models:
  transcribe: {{ .Values.models.transcribe | quote }}
  sop: {{ .Values.models.sop | quote }}
  {{- with .Values.models.fallback }}
  fallback: {{ toJson . }}
  {{- end }}
prompts:
  transcription: {{ .Values.prompts.transcription | quote }}
  sop: {{ .Values.prompts.sop | quote }}
  configMap: {{ include "runops.promptsConfigMap" . | quote }}
transcode:
  fps: {{ toJson .Values.transcode.fps }}
  height: {{ toJson .Values.transcode.height }}
  crf: {{ toJson .Values.transcode.crf }}
retryLimit: {{ toJson .Values.retryLimit }}
activeDeadlineSeconds: {{ toJson .Values.activeDeadlineSeconds }}
ttlSecondsAfterFinished: {{ toJson .Values.ttlSecondsAfterFinished }}
limits:
  maxBytes: {{ toJson .Values.limits.maxBytes }}
  maxDurationSeconds: {{ toJson .Values.limits.maxDurationSeconds }}
  leastReadablePercent: {{ toJson .Values.limits.leastReadablePercent }}
  leastReadableSeconds: {{ toJson .Values.limits.leastReadableSeconds }}
cost:
  requirePrices: {{ .Values.cost.requirePrices }}
  {{- range $cap := list "maxPerVideoUsd" "maxPerUserAndDayUsd" "maxPerDayUsd" "maxPerMonthUsd" }}
  {{- with get $.Values.cost $cap }}
  {{ $cap }}: {{ toJson . }}
  {{- end }}
  {{- end }}
  {{- if include "runops.countsSpending" . }}
  record: {{ include "runops.spendingRecord" . | quote }}
  {{- end }}
poll:
  busySeconds: {{ toJson .Values.poll.busySeconds }}
  idleSeconds: {{ toJson .Values.poll.idleSeconds }}
  busyWindowSeconds: {{ toJson .Values.poll.busyWindowSeconds }}
  connectedSeconds: {{ toJson .Values.poll.connectedSeconds }}
realtime:
  enabled: {{ toJson .Values.realtime.enabled }}
timeLeft:
  inRows: {{ toJson .Values.timeLeft.inRows }}
resyncSeconds: {{ toJson .Values.resyncSeconds }}
rowsSeconds: {{ toJson .Values.rowsSeconds }}
staleAfterSeconds: {{ toJson .Values.staleAfterSeconds }}
confirmSeconds: {{ toJson .Values.confirmSeconds }}
deadlines:
  claimedSeconds: {{ toJson .Values.deadlines.claimedSeconds }}
  unschedulableSeconds: {{ toJson .Values.deadlines.unschedulableSeconds }}
  imagePullSeconds: {{ toJson .Values.deadlines.imagePullSeconds }}
  startingSeconds: {{ toJson .Values.deadlines.startingSeconds }}
  noProgressSeconds: {{ toJson .Values.deadlines.noProgressSeconds }}
  cancellingSeconds: {{ toJson .Values.deadlines.cancellingSeconds }}
  waitingSeconds: {{ toJson .Values.deadlines.waitingSeconds }}
  uploadSeconds: {{ toJson .Values.deadlines.uploadSeconds }}
  geminiFileSeconds: {{ toJson .Values.deadlines.geminiFileSeconds }}
paceConfigMap: {{ printf "%s-pace" (include "runops.fullname" .) | quote }}
drainConfigMap: {{ printf "%s-drain" (include "runops.fullname" .) | quote }}
leaderElection:
  enabled: true
  lease: {{ include "runops.fullname" . | quote }}
  leaseSeconds: {{ toJson .Values.leaderElection.leaseSeconds }}
  retrySeconds: {{ toJson .Values.leaderElection.retrySeconds }}
worker:
  image: {{ include "runops.image" (dict "image" .Values.worker.image "root" .) | quote }}
  imagePullPolicy: {{ .Values.worker.image.pullPolicy }}
  {{- with include "runops.pullSecrets" . | fromJsonArray }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  serviceAccountName: {{ include "runops.workerAccount" . | quote }}
  secretName: {{ include "runops.secret" . | quote }}
  {{- with .Values.worker.resources }}
  resources:
    {{- include "runops.resources" . | trim | nindent 4 }}
  {{- end }}
  {{- with .Values.worker.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.worker.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with include "runops.affinity" (dict "affinity" .Values.worker.affinity "nodeSelector" .Values.worker.nodeSelector "value" "worker.nodeSelector" "root" .) }}
  affinity:
    {{- . | nindent 4 }}
  {{- end }}
  {{- with .Values.worker.topologySpreadConstraints }}
  topologySpreadConstraints:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  platformChoosesUser: {{ include "runops.platformChoosesUser" . | eq "true" }}
  {{- with .Values.worker.priorityClassName }}
  priorityClassName: {{ . | quote }}
  {{- end }}
  {{- if kindIs "bool" .Values.worker.hostUsers }}
  hostUsers: {{ .Values.worker.hostUsers }}
  {{- end }}
  {{- if include "runops.hasCaBundle" . }}
  {{- with .Values.caBundle }}
  caBundle:
    {{- with .configMap }}
    configMap: {{ . | quote }}
    {{- end }}
    {{- with .secret }}
    secret: {{ . | quote }}
    {{- end }}
    key: {{ .key | quote }}
  {{- end }}
  {{- end }}
  {{- range $setting := list "jobLabels" "jobAnnotations" "labels" "annotations" "extraEnv" "extraEnvFrom" "extraVolumes" "extraVolumeMounts" }}
  {{- with get $.Values.worker $setting }}
  {{ $setting }}:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- end }}
  scratchSizeLimit: {{ .Values.worker.scratchSizeLimit | quote }}
  scratch:
    type: {{ .Values.worker.scratch.type }}
    {{- with .Values.worker.scratch.storageClassName }}
    storageClassName: {{ . | quote }}
    {{- end }}
  terminationGracePeriodSeconds: {{ toJson .Values.worker.terminationGracePeriodSeconds }}
  succeededJobTtlSeconds: {{ toJson .Values.worker.succeededJobTtlSeconds }}
  failedJobTtlSeconds: {{ toJson .Values.worker.failedJobTtlSeconds }}
  requireLandlock: {{ .Values.worker.requireLandlock }}
  redaction: {{ .Values.worker.redaction }}
  leaveOutIdle: {{ .Values.worker.leaveOutIdle }}
  {{- with .Values.worker.pictureResolution }}
  pictureResolution: {{ . }}
  {{- end }}
  {{- with .Values.worker.sopLanguage }}
  sopLanguage: {{ . | quote }}
  {{- end }}
  page: {{ .Values.worker.page }}
{{- with .Values.queueName }}
queueName: {{ . | quote }}
{{- end }}
logLevel: {{ .Values.logLevel }}
health:
  port: {{ toJson .Values.health.port }}
userMetrics: {{ .Values.userMetrics }}
tracing:
  endpoint: {{ .Values.tracing.endpoint | default nil | toJson }}
  sampleRatio: {{ toJson .Values.tracing.sampleRatio }}
{{- end -}}
