"""What a VideoJob's status says about its times, for the history and for the estimate. Pure."""

from datetime import datetime

from runops.progress import STAGES
from runops.time_left import FinishedVideo, UnfinishedVideo
from runops.time_left.finished import PHASES, Phase, model_key
from runops_operator.manifests.observed import VideoJobView
from runops_operator.times import moment

__all__ = ["finished_video", "unfinished_video", "why_unknown"]

_LONGEST_SECONDS = 7 * 86_400.0
_STAGES = {stage.value: stage for stage in STAGES}


def finished_video(view: VideoJobView) -> FinishedVideo | None:
    """Return what is learned from a VideoJob; None where it has no SOP, or too little is known of it."""
    status = view.status
    ended, made, began = moment(status.completion_time), moment(view.created), moment(status.start_time)
    if not view.holds("Complete") or ended is None or status.usage is None:
        return None
    seconds: dict[Phase, float] = {}
    first: datetime | None = None
    for stage in status.stages or ():
        first = first or moment(stage.start_time)
        if stage.stage.value in PHASES and not stage.resumed:
            seconds[Phase(stage.stage.value)] = min(stage.seconds, _LONGEST_SECONDS)
    if made is not None and began is not None:
        seconds[Phase.STARTING] = max(0.0, (began - made).total_seconds())
    if began is not None and first is not None and (status.attempts or 1) > 1:
        seconds[Phase.RETRIES] = max(0.0, (first - began).total_seconds())
    video = FinishedVideo(
        ended=ended,
        recording_seconds=float(status.usage.media_seconds),
        seconds=seconds,
        model=_model(view),
        recording_bytes=view.source_bytes,
    )
    return video if video.is_whole else None


def unfinished_video(view: VideoJobView, *, stage_began: datetime | None) -> UnfinishedVideo:
    """Return what is known of a VideoJob that has its slot.

    Parameters
    ----------
    view
        The VideoJob.
    stage_began
        When its present stage began; None where nobody saw that.
    """
    status, spent = view.status, view.status.usage
    # The beginning of a later attempt is not in the status.
    started = moment(status.start_time) if (status.attempts or 1) <= 1 else None
    return UnfinishedVideo(
        user=view.user,
        model=_model(view),
        recording_seconds=float(spent.media_seconds) if spent is not None and spent.media_seconds else None,
        recording_bytes=view.source_bytes,
        claimed=moment(view.created),
        started=started if view.started else None,
        stage=_STAGES.get(status.stage or "") if view.started else None,
        stage_began=stage_began,
        only_sop=view.only_sop,
    )


def why_unknown(view: VideoJobView, *, paused: bool) -> str | None:
    """Return why nothing can be said about the end of a VideoJob, as one word; None where something may be said.

    Parameters
    ----------
    view
        The VideoJob.
    paused
        Whether a fault that every video meets lets them wait.
    """
    if view.deleting:
        return "Deleting"
    if view.claim is None:
        return "WaitsForSlot"
    if (view.spec is not None and view.spec.suspend) or view.status.phase == "Suspended":
        return "Suspended"
    for kind in ("Blocked", "Stalled"):
        if view.holds(kind):
            return kind
    if paused:
        return "Paused"
    if view.started and view.status.phase != "Running":
        return "BetweenAttempts"
    return None


def _model(view: VideoJobView) -> str | None:
    return None if view.spec is None else model_key(view.spec.model.transcribe, view.spec.model.sop)
