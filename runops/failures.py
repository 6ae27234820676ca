"""The reason table: why a video failed, in one place.

The custom resource, the `jobs` row, the metrics, the docs and the command line all show these reasons and sentences.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from runops.logs import redact

__all__ = [
    "CANCEL_SENTENCE",
    "PERMANENT_EXIT_CODES",
    "TABLE",
    "Failed",
    "Failure",
    "FailureClass",
    "Reason",
    "by_exit_code",
    "by_sentence",
]


class FailureClass(StrEnum):
    """What a failure means for the next attempt."""

    PERMANENT = "permanent"
    """The same input fails again: no retry."""
    TRANSIENT = "transient"
    """An outside service is down or broken: retry with backoff. The only class that uses up an attempt."""
    QUOTA = "quota"
    """The model's quota is used up: wait, then retry. Uses up no attempt; nothing new is claimed meanwhile."""
    KEY = "key"
    """A key or a setting of the installation is missing or rejected: retry until it is fixed. Uses up no attempt;
    nothing new is claimed meanwhile."""
    INFRASTRUCTURE = "infrastructure"
    """The cluster removed the pod or never ran it: retry. Uses up no attempt."""
    CLAIM = "claim"
    """The worker no longer holds the claim: stop, change nothing."""


class Reason(StrEnum):
    """One CamelCase word for a failure, the same in every place that shows it."""

    SOURCE_MISSING = "SourceMissing"
    SOURCE_EMPTY = "SourceEmpty"
    NOT_A_VIDEO = "NotAVideo"
    UNSUPPORTED_MEDIA = "UnsupportedMedia"
    NO_VIDEO_STREAM = "NoVideoStream"
    MEDIA_TOO_SHORT = "MediaTooShort"
    MEDIA_TOO_LONG = "MediaTooLong"
    MEDIA_TOO_LARGE = "MediaTooLarge"
    PICTURE_TOO_LARGE = "PictureTooLarge"
    MEDIA_CORRUPT = "MediaCorrupt"
    TIMESTAMP_GAP = "TimestampGap"
    INVALID_USER = "InvalidUser"
    INVALID_SPEC = "InvalidSpec"
    BLOCKED = "Blocked"
    INVALID_OUTPUT = "InvalidOutput"
    OUTPUT_CUT_OFF = "OutputCutOff"
    ROW_MISSING = "RowMissing"
    DUPLICATE_RESULTS = "DuplicateResults"
    TRANSCRIPT_MISSING = "TranscriptMissing"
    MODEL_NOT_FOUND = "ModelNotFound"
    MODEL_REFUSED_REQUEST = "ModelRefusedRequest"
    MODEL_REGION_REFUSED = "ModelRegionRefused"
    MODEL_NOT_IN_PLAN = "ModelNotInPlan"
    PROMPT_MISSING = "PromptMissing"
    COST_CAP_REACHED = "CostCapReached"
    CLAIM_LOST = "ClaimLost"
    DONE_ELSEWHERE = "DoneElsewhere"
    STORAGE_UNAVAILABLE = "StorageUnavailable"
    DATABASE_UNAVAILABLE = "DatabaseUnavailable"
    DATABASE_REFUSED = "DatabaseRefused"
    STORAGE_REFUSED = "StorageRefused"
    KEY_REJECTED = "KeyRejected"
    MODEL_UNAVAILABLE = "ModelUnavailable"
    MODEL_TIMEOUT = "ModelTimeout"
    MODEL_KEY_REJECTED = "ModelKeyRejected"
    MODEL_EMPTY_ANSWER = "ModelEmptyAnswer"
    MODEL_FILE_REJECTED = "ModelFileRejected"
    UPLOAD_INCOMPLETE = "UploadIncomplete"
    DISK_FULL = "DiskFull"
    MEDIA_TOOL_FAILED = "MediaToolFailed"
    MISCONFIGURED = "Misconfigured"
    UPLOAD_TIMEOUT = "UploadTimeout"
    MODEL_FILE_TIMEOUT = "ModelFileTimeout"
    QUOTA_EXCEEDED = "QuotaExceeded"
    SPENDING_CAP_REACHED = "SpendingCapReached"
    DRAINED = "Drained"
    SANDBOX_UNAVAILABLE = "SandboxUnavailable"
    TERMINATED = "Terminated"
    INTERNAL = "Internal"
    DEADLINE_EXCEEDED = "DeadlineExceeded"
    OUT_OF_MEMORY = "OutOfMemory"
    WORKER_CRASHED = "WorkerCrashed"
    NO_PROGRESS = "NoProgress"
    EVICTED = "Evicted"
    POD_LOST = "PodLost"
    JOB_DELETED = "JobDeleted"
    RESULTS_LOST = "ResultsLost"
    CANCELLED = "Cancelled"
    UNSCHEDULABLE = "Unschedulable"
    IMAGE_PULL_FAILED = "ImagePullFailed"
    POD_NOT_STARTING = "PodNotStarting"
    SIDECAR_FAILED = "SidecarFailed"
    WRONG_ARCHITECTURE = "WrongArchitecture"
    JOB_REFUSED = "JobRefused"
    VIDEOJOB_REFUSED = "VideoJobRefused"
    STILL_STOPPING = "StillStopping"


@dataclass(frozen=True, slots=True)
class Failure:
    """One row of the table.

    Attributes
    ----------
    reason
        The CamelCase word.
    sentence
        For a person, where nothing more precise is known.
    remedy
        What that person can do next.
    failure_class
        Whether and how it is tried again.
    exit_code
        Exit code of the worker's process; None where only the operator detects the failure.
    """

    reason: Reason
    sentence: str
    remedy: str
    failure_class: FailureClass
    exit_code: int | None

    def with_remedy(self, said: str = "") -> str:
        """Return what was said, or the sentence where nothing was, and the remedy unless it is named already."""
        text = said or self.sentence
        return text if self.remedy in text else f"{text} {self.remedy}"

    @property
    def retryable(self) -> bool:
        """Whether another attempt can succeed."""
        return self.failure_class not in {FailureClass.PERMANENT, FailureClass.CLAIM}

    @property
    def counts(self) -> bool:
        """Whether it uses up one of a video's attempts."""
        return self.failure_class is FailureClass.TRANSIENT


_P = FailureClass.PERMANENT
_T = FailureClass.TRANSIENT
_I = FailureClass.INFRASTRUCTURE
_K = FailureClass.KEY
_UPLOAD_AGAIN = "Upload the recording again, then queue the job again (`runops retry`)."
_RERUN = "Queue the job again (`runops retry`) once the service is back."
_REPORT = "Report it with the worker's log."
_NOTHING = "Nothing to do: runops tries again."

_ROWS = (
    (
        Reason.SOURCE_MISSING,
        64,
        _P,
        "The recording is not in storage.",
        "Upload it to raw/<job id>.mp4, then queue the job again (`runops retry`).",
    ),
    (Reason.SOURCE_EMPTY, 65, _P, "The recording is an empty file.", _UPLOAD_AGAIN),
    (
        Reason.NOT_A_VIDEO,
        66,
        _P,
        "The file is not a video recording.",
        "Upload a screen recording (MP4, MOV, WebM or MKV).",
    ),
    (
        Reason.UNSUPPORTED_MEDIA,
        67,
        _P,
        "The recording has a format or codec that is not supported.",
        "Export it as MP4 with H.264, or upload one of the formats in docs/recordings.md.",
    ),
    (
        Reason.NO_VIDEO_STREAM,
        68,
        _P,
        "The recording has sound but no picture.",
        "Record the screen, not the microphone only.",
    ),
    (
        Reason.MEDIA_TOO_SHORT,
        69,
        _P,
        "The recording is too short to show a procedure.",
        "Record at least one second.",
    ),
    (
        Reason.MEDIA_TOO_LONG,
        70,
        _P,
        "The recording is longer than the limit.",
        "Split the recording, or ask the platform team to raise the limit.",
    ),
    (
        Reason.MEDIA_TOO_LARGE,
        71,
        _P,
        "The recording is larger than the limit.",
        "Record at a lower resolution, or ask the platform team to raise the limit.",
    ),
    (
        Reason.PICTURE_TOO_LARGE,
        72,
        _P,
        "The recording's picture has more pixels than the limit.",
        "Record one screen instead of several, or at a lower resolution.",
    ),
    (
        Reason.MEDIA_CORRUPT,
        73,
        _P,
        "The recording is damaged or cut off.",
        "Check that it plays to its end, then upload it again.",
    ),
    (
        Reason.TIMESTAMP_GAP,
        74,
        _P,
        "The recording has a gap in its timestamps.",
        "Export the recording again with a video editor.",
    ),
    (
        Reason.INVALID_USER,
        75,
        _P,
        "The row names a user that does not exist.",
        "Set metadata.user_id to the uploader's UUID, or remove it.",
    ),
    (Reason.INVALID_SPEC, 76, _P, "The VideoJob is malformed.", "Correct its spec and apply it again."),
    (
        Reason.BLOCKED,
        77,
        _P,
        "The model refused the recording for its content.",
        "Remove the content in question from the recording.",
    ),
    (
        Reason.INVALID_OUTPUT,
        78,
        _T,
        "The model's answer did not match the schema, even after one repair request.",
        "Run it again, or choose another model.",
    ),
    (
        Reason.OUTPUT_CUT_OFF,
        79,
        _T,
        "The model's answer was cut off.",
        "Run it again, split the recording, or choose another model.",
    ),
    (
        Reason.ROW_MISSING,
        80,
        _P,
        "The table `jobs` has no row for this VideoJob.",
        "Insert the row first, then apply the VideoJob.",
    ),
    (
        Reason.DUPLICATE_RESULTS,
        81,
        _P,
        "The table already has more than one result for this job.",
        "Delete all result rows but one, then queue the job again (`runops retry`).",
    ),
    (
        Reason.MODEL_NOT_FOUND,
        82,
        _K,
        "The configured model does not exist.",
        "Choose a model that exists (values: models.transcribe, models.sop).",
    ),
    (Reason.MODEL_REFUSED_REQUEST, 83, _P, "The model's API refused the request.", _REPORT),
    (
        Reason.PROMPT_MISSING,
        84,
        _K,
        "The prompt file does not exist.",
        "Choose a prompt that is installed (values: prompts).",
    ),
    (
        Reason.COST_CAP_REACHED,
        85,
        _P,
        "The video would cost more than a video may cost.",
        "Raise cost.maxPerVideoUsd, or split the recording. Then queue the job again (`runops retry`).",
    ),
    (
        Reason.TRANSCRIPT_MISSING,
        89,
        _P,
        "Only the SOP was to be made again, and there is no transcript to make it of.",
        "Queue the job for all stages (`runops retry`).",
    ),
    (
        Reason.CLAIM_LOST,
        90,
        FailureClass.CLAIM,
        "The row was cancelled or claimed again while the worker ran.",
        "Nothing to do: the row was changed on purpose.",
    ),
    (
        Reason.DONE_ELSEWHERE,
        None,
        FailureClass.CLAIM,
        "The video was done by somebody else: the row was completed, and not by this VideoJob's worker.",
        "Nothing to do for this video. To spare the double cost, end the consumer that takes rows without a claim.",
    ),
    (Reason.STORAGE_UNAVAILABLE, 100, _T, "Storage could not be reached.", _RERUN),
    (Reason.DATABASE_UNAVAILABLE, 101, _T, "The database could not be reached.", _RERUN),
    (
        Reason.DATABASE_REFUSED,
        102,
        _T,
        "The database refused a read or a write.",
        "Run `runops check`: it names the missing table, column or grant.",
    ),
    (
        Reason.KEY_REJECTED,
        103,
        _K,
        "Supabase rejected the key.",
        "Put the project's service_role or sb_secret_ key into the Secret.",
    ),
    (Reason.MODEL_UNAVAILABLE, 104, _T, "The model could not be reached.", _RERUN),
    (Reason.MODEL_TIMEOUT, 105, _T, "The model did not answer in time.", _RERUN),
    (
        Reason.MODEL_KEY_REJECTED,
        106,
        _K,
        "Gemini rejected the key.",
        "Do what Gemini says, or put a valid GOOGLE_GEMINI_API_KEY into the Secret or the environment.",
    ),
    (Reason.MODEL_EMPTY_ANSWER, 107, _T, "The model's answer was empty.", "Run it again."),
    (
        Reason.MODEL_FILE_REJECTED,
        108,
        _T,
        "Gemini could not process the uploaded video.",
        "Run it again; if it fails again, export the recording again with a video editor.",
    ),
    (Reason.UPLOAD_INCOMPLETE, 109, _T, "An upload was incomplete.", _RERUN),
    (
        Reason.DISK_FULL,
        110,
        _T,
        "The worker's disk is full.",
        "Raise ephemeral-storage in worker.resources.",
    ),
    (Reason.MEDIA_TOOL_FAILED, 111, _T, "ffmpeg failed or exceeded its limits.", _REPORT),
    (
        Reason.MISCONFIGURED,
        112,
        _K,
        "The worker is missing a setting.",
        "Run `runops check`: it names the missing setting.",
    ),
    (
        Reason.UPLOAD_TIMEOUT,
        113,
        _T,
        "An upload to storage took too long.",
        "Check the connection to Supabase, or raise deadlines.uploadSeconds.",
    ),
    (
        Reason.MODEL_FILE_TIMEOUT,
        114,
        _T,
        "Gemini did not process the uploaded video in time.",
        "Run it again later, or raise deadlines.geminiFileSeconds.",
    ),
    (
        Reason.STORAGE_REFUSED,
        115,
        _T,
        "Storage refused a read or a write.",
        "Run `runops check`: it tests the bucket, its limits and its policies.",
    ),
    (
        Reason.MODEL_REGION_REFUSED,
        116,
        _K,
        "Gemini serves no requests from this region.",
        "Send the workers' requests from a region that Gemini serves (an egress gateway, or HTTPS_PROXY in extraEnv).",
    ),
    (
        Reason.MODEL_NOT_IN_PLAN,
        117,
        _K,
        "The plan of the Gemini project allows no calls to the model.",
        "Check the plan, the credits and the spending cap of the Gemini project, or choose another model.",
    ),
    (
        Reason.QUOTA_EXCEEDED,
        120,
        FailureClass.QUOTA,
        "The model's quota is used up.",
        "Wait: runops tries again. To go faster, raise the quota of the Gemini project.",
    ),
    (
        Reason.SANDBOX_UNAVAILABLE,
        121,
        _I,
        "The node does not support the required ffmpeg sandbox.",
        "Run workers on nodes with Landlock (worker.nodeSelector), or set worker.requireLandlock to false.",
    ),
    (
        Reason.TERMINATED,
        143,
        _I,
        "The worker was stopped before it finished.",
        _NOTHING,
    ),
    (Reason.INTERNAL, 1, _T, "The worker failed with an unexpected error. This is a bug in runops.", _REPORT),
    (
        Reason.DEADLINE_EXCEEDED,
        None,
        _P,
        "The video took longer than its deadline.",
        "Raise activeDeadlineSeconds, or split the recording.",
    ),
    (
        Reason.SPENDING_CAP_REACHED,
        None,
        FailureClass.QUOTA,
        "The cap on what videos may cost is reached.",
        "Wait until the next day or month in UTC, or raise the cap (values: cost).",
    ),
    (
        Reason.DRAINED,
        None,
        FailureClass.QUOTA,
        "The installation drains: what runs goes on, and nothing new is claimed.",
        "End it with `runops undrain`, or raise maxConcurrent where that is 0.",
    ),
    (
        Reason.OUT_OF_MEMORY,
        None,
        _I,
        "The worker exceeded its memory limit.",
        "Raise worker.resources.limits.memory.",
    ),
    (Reason.WORKER_CRASHED, None, _T, "The worker exited without reporting a result.", _REPORT),
    (
        Reason.NO_PROGRESS,
        None,
        _T,
        "The worker reported no progress for too long and was stopped.",
        "Check its node; if the worker is only slow, raise deadlines.noProgressSeconds.",
    ),
    (Reason.EVICTED, None, _I, "The cluster evicted the worker's pod.", _NOTHING),
    (Reason.POD_LOST, None, _I, "The worker's pod disappeared.", _NOTHING),
    (Reason.JOB_DELETED, None, _I, "The Kubernetes Job was deleted.", "Nothing to do: runops creates it again."),
    (
        Reason.RESULTS_LOST,
        None,
        _I,
        "The worker finished, but its results are not in the tables.",
        "Nothing to do: runops writes them again from the copies in storage.",
    ),
    (
        Reason.CANCELLED,
        None,
        _P,
        "Cancelled: the VideoJob was deleted.",
        "To run it again, queue the job again (`runops retry`).",
    ),
    (
        Reason.UNSCHEDULABLE,
        None,
        _I,
        "No node has room for the worker.",
        "Add nodes, or lower worker.resources.requests.",
    ),
    (
        Reason.IMAGE_PULL_FAILED,
        None,
        _I,
        "The worker's image cannot be pulled.",
        "Check worker.image and the pull secrets.",
    ),
    (
        Reason.POD_NOT_STARTING,
        None,
        _I,
        "The worker's pod does not start.",
        "Check its events: a Secret, a ConfigMap or a volume may be missing.",
    ),
    (
        Reason.SIDECAR_FAILED,
        None,
        _I,
        "Another container of the worker's pod failed or is not ready.",
        "Read that container's log (`kubectl logs`), or keep it out of workers' pods: docs/platforms.md.",
    ),
    (
        Reason.WRONG_ARCHITECTURE,
        None,
        _I,
        "The node cannot run the worker's image: it is for another architecture.",
        "Compare `kubectl get nodes -L kubernetes.io/arch` with the value `architectures`.",
    ),
    (
        Reason.JOB_REFUSED,
        None,
        _I,
        "Kubernetes rejected the worker's Job.",
        "Read status.message: often a ResourceQuota is used up or an admission policy rejects it.",
    ),
    (
        Reason.VIDEOJOB_REFUSED,
        None,
        _I,
        "Kubernetes rejected the VideoJob.",
        "Often an admission policy or a ResourceQuota rejects it; then queue the job again (`runops retry`).",
    ),
    (
        Reason.STILL_STOPPING,
        None,
        _I,
        "The worker was asked to stop and still runs.",
        "Check its node: the kubelet may be down.",
    ),
)

TABLE: dict[Reason, Failure] = {
    reason: Failure(reason, sentence, remedy, failure_class, exit_code)
    for reason, exit_code, failure_class, sentence, remedy in _ROWS
}
"""Every reason with its row, in the order of the exit codes."""

PERMANENT_EXIT_CODES: tuple[int, ...] = tuple(
    failure.exit_code for failure in TABLE.values() if not failure.retryable and failure.exit_code is not None
)
"""The exit codes after which a Job must not start another pod, ascending."""

_BY_EXIT_CODE = {failure.exit_code: failure for failure in TABLE.values() if failure.exit_code is not None}


def by_exit_code(code: int) -> Failure | None:
    """Return the failure with this exit code of a worker.

    Parameters
    ----------
    code
        The exit code of the worker's container.

    Returns
    -------
    Failure or None
        None for a code that the worker does not use: it was killed or crashed.
    """
    return _BY_EXIT_CODE.get(code)


CANCEL_SENTENCE: Final = "Cancelled by `runops cancel`"
"""What `runops cancel` writes into the column `error`, before a reason or a full stop."""


def by_sentence(text: str) -> Failure | None:
    """Return the failure whose sentence a text begins with: the sentence of a row that the operator set to error.

    Parameters
    ----------
    text
        Of the column `error`. More may follow, such as the remedy or the number of attempts.

    Returns
    -------
    Failure or None
        None for any other text: a person's, or a worker's own words.
    """
    return next((failure for failure in TABLE.values() if text.startswith(failure.sentence)), None)


class Failed(Exception):  # noqa: N818 - it is the state a job ends in, and reads as one where it is raised
    """A job failed, for a reason of the table.

    Parameters
    ----------
    reason
        Why.
    detail
        One sentence for a person with the figures of this case; the table's sentence where omitted. Never a prompt's
        text. Keys and signed URLs, which a service may repeat in its error, are redacted.
    retry_after
        Seconds that the refusing service asked to wait; None where it did not say.
    """

    def __init__(self, reason: Reason, detail: str | None = None, *, retry_after: float | None = None) -> None:
        self.reason = reason
        self.detail = redact(detail) if detail else TABLE[reason].sentence
        self.retry_after = retry_after
        super().__init__(f"{reason}: {self.detail}")

    @property
    def failure(self) -> Failure:
        """The reason's row in the table."""
        return TABLE[self.reason]
