"""Labels and annotations by which our objects are known, and those of others that we read."""

__all__ = [
    "BY_ANNOTATION",
    "CLAIM_ANNOTATION",
    "JOB_NAME_LABEL",
    "KUEUE_QUEUE_LABEL",
    "MANAGED_BY",
    "MANAGED_BY_LABEL",
    "PROMPTS_ANNOTATION",
    "QUEUED_AT_ANNOTATION",
    "SOURCE_BYTES_ANNOTATION",
    "VIDEOJOB_LABEL",
]

CLAIM_ANNOTATION = "runops.dev/claim"
BY_ANNOTATION = "runops.dev/by"
PROMPTS_ANNOTATION = "runops.dev/prompts"
"""The ConfigMap of prompts that a video was begun with: a later attempt mounts the very same."""
QUEUED_AT_ANNOTATION = "runops.dev/queued-at"
"""Since when its row had waited when it was claimed."""
SOURCE_BYTES_ANNOTATION = "runops.dev/source-bytes"
"""Size of the recording as storage told it when the row was claimed."""
VIDEOJOB_LABEL = "runops.dev/videojob"
MANAGED_BY_LABEL = "app.kubernetes.io/managed-by"
MANAGED_BY = "runops-operator"
JOB_NAME_LABEL = "batch.kubernetes.io/job-name"
"""Set by the Job controller on every pod that it makes."""
KUEUE_QUEUE_LABEL = "kueue.x-k8s.io/queue-name"
