"""Labels and annotations of the operator's objects, and those of others that it reads."""

__all__ = [
    "BY_ANNOTATION",
    "CLAIM_ANNOTATION",
    "JOB_NAME_LABEL",
    "KUEUE_QUEUE_LABEL",
    "LANE_LABEL",
    "LIMIT_RANGE_ANNOTATION",
    "MANAGED_BY",
    "MANAGED_BY_LABEL",
    "ONLY_SOP_ANNOTATION",
    "PROMPTS_ANNOTATION",
    "QUEUED_AT_ANNOTATION",
    "SOURCE_BYTES_ANNOTATION",
    "VIDEOJOB_LABEL",
]

CLAIM_ANNOTATION = "runops.dev/claim"
BY_ANNOTATION = "runops.dev/by"
PROMPTS_ANNOTATION = "runops.dev/prompts"
"""The ConfigMap with the prompts of the first attempt; later attempts mount the same one."""
QUEUED_AT_ANNOTATION = "runops.dev/queued-at"
"""When the row was queued."""
SOURCE_BYTES_ANNOTATION = "runops.dev/source-bytes"
"""Size of the recording, as storage reported it when the row was claimed."""
ONLY_SOP_ANNOTATION = "runops.dev/only-sop"
"""Whether only the SOP is made again. The expected end depends on it; the worker asks the row."""
LANE_LABEL = "runops.dev/lane"
"""Which slots a VideoJob takes; without it those of fresh rows."""
VIDEOJOB_LABEL = "runops.dev/videojob"
MANAGED_BY_LABEL = "app.kubernetes.io/managed-by"
MANAGED_BY = "runops-operator"
JOB_NAME_LABEL = "batch.kubernetes.io/job-name"
"""The Job controller sets it on every pod that it creates."""
LIMIT_RANGE_ANNOTATION = "kubernetes.io/limit-ranger"
"""The API server writes into it what a LimitRange added to a pod."""
KUEUE_QUEUE_LABEL = "kueue.x-k8s.io/queue-name"
