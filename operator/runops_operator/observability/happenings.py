"""What happened to a VideoJob between two views of it, in words for `kubectl describe`. Pure: two views in, a list out.

It follows from the status: the conditions, which the operator writes, and the stage, which the worker writes.
"""

from dataclasses import dataclass

from runops.failures import TABLE
from runops.progress import Stage
from runops.quality import edits_sentence, fallback_sentence, gaps_sentence, losses_sentence
from runops.report import Usage
from runops_operator.manifests.observed import VideoJobView
from runops_operator.planning.status import Outcome
from runops_operator.times import moment

__all__ = ["Happening", "happenings"]

_STAGES = {
    Stage.PREPARING_VIDEO: ("PreparingVideo", "The worker downloads the recording and makes the slim video."),
    Stage.TRANSCRIBING: ("Transcribing", "The model transcribes the video."),
    Stage.PARSING_SOP: ("ParsingSop", "The model turns the transcript into a SOP."),
    Stage.FINALIZING: ("Finalizing", "The results are written."),
}
_FAILURES = frozenset(reason.value for reason in TABLE)
_OTHER_EVENTS = frozenset({"Running", "Completed", "Suspended"})


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened.

    Attributes
    ----------
    reason
        One CamelCase word.
    message
        A sentence for a person.
    warning
        Whether a person may have to act.
    """

    reason: str
    message: str
    warning: bool = False


def happenings(before: VideoJobView | None, after: VideoJobView) -> list[Happening]:
    """Return what happened, in its order.

    Parameters
    ----------
    before
        The former view; None for a first one. Then only a new VideoJob has an event: after a start of the operator all
        VideoJobs are seen for the first time.
    after
        The present view.
    """
    if before is None:
        new = after.claim is not None and not after.status.conditions
        return [Happening("Claimed", "The row was claimed. Its Job is created next.")] if new else []
    if before.finished:
        return []
    if after.finished:
        return [*_began(before, after), _end(after)]
    return [*_switched(before, after), *_waits(before, after), *_began(before, after), *_troubles(before, after)]


def _began(before: VideoJobView, after: VideoJobView) -> list[Happening]:
    found = []
    pod, earlier = after.status.worker_pod, before.status.worker_pod
    if pod is not None and after.started and (not before.started or earlier is None or earlier.uid != pod.uid):
        where = f" on node {pod.node}" if pod.node else ""
        found.append(Happening("Started", f"Attempt {after.status.attempts or 1} runs in pod {pod.name}{where}."))
    if after.status.stage != before.status.stage and after.status.stage in _STAGES:
        found.append(Happening(*_STAGES[Stage(after.status.stage)]))
    return found


def _switched(before: VideoJobView, after: VideoJobView) -> list[Happening]:
    was, now = (view.status.phase == "Suspended" for view in (before, after))
    if now and not was:
        return [Happening("Suspended", "It waits until spec.suspend is false and the queue admits it.")]
    return [Happening("Resumed", "It continues.")] if was and not now else []


def _waits(before: VideoJobView, after: VideoJobView) -> list[Happening]:
    """Return the events of failed attempts and of waits."""
    then, now = (view.condition(Outcome.PROGRESSING) for view in (before, after))
    if now is None or now.status == "True" or now.reason in _OTHER_EVENTS:
        return []
    # The message of a wait changes often. That of a failed attempt is new each time: it names the time of the next one.
    failed = now.message != (then.message if then else None) and "Trying again" in now.message
    if then is not None and then.reason == now.reason and not failed:
        return []
    return [Happening(now.reason, now.message, warning=now.reason in _FAILURES)]


def _troubles(before: VideoJobView, after: VideoJobView) -> list[Happening]:
    found = []
    for kind in (Outcome.STALLED, Outcome.BLOCKED):
        then, now = (view.condition(kind) for view in (before, after))
        if now is not None and now.status == "True" and (then is None or then.status != "True"):
            found.append(Happening(kind, f"{now.reason}: {now.message}", warning=True))
    return found


def _end(after: VideoJobView) -> Happening:
    failed = after.condition(Outcome.FAILED)
    if failed is not None and failed.status == "True":
        return Happening(failed.reason, failed.message, warning=True)
    begun, ended = moment(after.status.start_time), moment(after.status.completion_time)
    took = f" after {(ended - begun).total_seconds():.0f} s" if begun and ended else ""
    quality = after.status.quality
    said = (losses_sentence(quality), gaps_sentence(quality), fallback_sentence(quality), edits_sentence(quality))
    remarks = [f" {remark}" for remark in said if remark]
    results = f"Transcript and SOP are in their tables{took}{_bill(after.status.usage)}."
    return Happening("Completed", results + "".join(remarks))


def _bill(usage: Usage | None) -> str:
    return f"; {usage.bill}" if usage is not None and usage.bill else ""
