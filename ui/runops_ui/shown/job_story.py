"""What happened to a video, in the order of time: from its row, its VideoJob, its events and its pods. Pure.

Manifests are anybody's: each part is read for itself, and one that cannot be read is left out.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from runops.failures import by_exit_code
from runops.job_row import RowStatus
from runops.row_summary import RowSummary, time_of
from runops.videojob_view import VideoJobView
from runops_ui.shown.moments import span, time_or_none
from runops_ui.shown.row_view import Moment

__all__ = ["Attempt", "PodLine", "StoryLine", "attempts_of", "pods_of", "story"]

_STAGES = {
    "preparing_video": "The video is prepared",
    "transcribing": "The transcript is made",
    "parsing_sop": "The SOP is written",
    "finalizing": "The results are stored",
}
_WORKER = "worker"
_LONGEST = 1000
_LATEST = timedelta(days=1)
_CONDITIONS = {
    "Complete": "good",
    "Failed": "bad",
    "Stalled": "bad",
    "Blocked": "bad",
    "RecordingPartlyLost": "bad",
}


@dataclass(frozen=True, slots=True)
class StoryLine:
    """One thing that happened.

    Attributes
    ----------
    kind
        `plain`, `good` or `bad`.
    source
        Where it is known from: the row, the VideoJob, its events or a pod.
    """

    at: Moment
    when: datetime
    text: str
    detail: str
    kind: str
    source: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """What one attempt cost."""

    number: str
    calls: int
    tokens: int
    cost: str | None


@dataclass(frozen=True, slots=True)
class PodLine:
    """A worker's pod."""

    name: str
    state: str
    node: str
    began: Moment | None


def story(
    row: RowSummary, video: VideoJobView | None, events: Iterable[Mapping[str, Any]], *, now: datetime
) -> list[StoryLine]:
    """Return what happened, the newest last."""
    lines = [*_of_row(row, now), *(_of_video(video, now) if video is not None else [])]
    lines += [line for event in events if (line := _of_event(event, now)) is not None]
    once: dict[tuple[str, str], StoryLine] = {}
    for line in sorted(lines, key=lambda line: line.when):
        # The operator's conditions and its events say the same of one change.
        once.setdefault((line.at.text[:-3], f"{line.text}{line.detail}"), line)
    return list(once.values())


def attempts_of(video: VideoJobView | None) -> list[Attempt]:
    """Return what the attempts cost that the VideoJob counted."""
    usage = None if video is None else video.status.usage
    if usage is None:
        return []
    return [
        Attempt(str(number), one.calls, one.total_tokens, one.cost_usd) for number, one in enumerate(usage.attempts, 1)
    ]


def pods_of(manifests: Sequence[Mapping[str, Any]], *, now: datetime) -> list[PodLine]:
    """Return the pods of a job, the oldest first."""
    lines = [(str(_part(pod, "metadata").get("creationTimestamp") or ""), _pod(pod, now)) for pod in manifests]
    return [line for _, line in sorted(lines, key=lambda one: (one[0], one[1].name))]


def _of_row(row: RowSummary, now: datetime) -> list[StoryLine]:
    lines: list[StoryLine] = []

    def add(at: datetime | None, text: str, detail: str = "", kind: str = "plain") -> None:
        if at is not None and (moment := Moment.of(at, now)) is not None:
            lines.append(StoryLine(moment, at, text, detail, kind, "row"))

    created, queued = time_of(row.created_at), row.queued_at
    add(created, "Queued")
    if queued is not None and created is not None and queued > created and row.status == RowStatus.QUEUED:
        add(queued, "Queued again")
    claim = row.claim
    if claim is not None and claim.reason is not None and not row.ended:
        add(time_of(row.updated_at), f"An attempt ended: {claim.reason}", "", "bad")
    if row.status == RowStatus.COMPLETED:
        add(time_of(row.completed_at) or time_of(row.updated_at), "Completed", "", "good")
    elif row.status == RowStatus.ERROR:
        add(time_of(row.updated_at), "Failed", " ".join((row.error or "").split()), "bad")
    return lines


def _of_video(video: VideoJobView, now: datetime) -> list[StoryLine]:
    lines: list[StoryLine] = []

    def add(text: str | None, said: str, detail: str = "", kind: str = "plain") -> None:
        at = time_or_none(text)
        if at is not None and (moment := Moment.of(at, now)) is not None:
            lines.append(StoryLine(moment, at, said, detail, kind, "VideoJob"))

    if video.created is not None:
        add(video.created.isoformat(), "Claimed by the operator")
    add(video.status.start_time, "The first worker started")
    for stage in video.status.stages or ():
        add(stage.start_time, _STAGES.get(stage.stage, str(stage.stage)), f"{span(stage.seconds)}")
    for condition in video.status.conditions or ():
        if condition.status == "True" and condition.type in _CONDITIONS:
            detail = condition.message or ""
            add(
                condition.last_transition_time,
                f"{condition.type}: {condition.reason}",
                detail,
                _CONDITIONS[condition.type],
            )
    return lines


def _of_event(event: Mapping[str, Any], now: datetime) -> StoryLine | None:
    at = next(
        (
            found
            for name in ("lastTimestamp", "eventTime", "firstTimestamp")
            if (found := time_or_none(event.get(name))) is not None
        ),
        None,
    )
    moment = Moment.of(at, now)
    if at is None or moment is None or at > now + _LATEST:
        return None
    count = event.get("count")
    times = f" ({count} times)" if isinstance(count, int) and count > 1 else ""
    about = str(_part(event, "involvedObject").get("kind") or "")
    return StoryLine(
        moment,
        at,
        f"{event.get('reason') or 'Event'}{times}",
        str(event.get("message") or "")[:_LONGEST],
        "bad" if event.get("type") == "Warning" else "plain",
        f"event of the {about}" if about else "event",
    )


def _pod(pod: Mapping[str, Any], now: datetime) -> PodLine:
    meta, status = _part(pod, "metadata"), _part(pod, "status")
    containers = status.get("containerStatuses")
    worker: Mapping[str, Any] = {}
    for one in containers if isinstance(containers, list) else []:
        if isinstance(one, Mapping) and one.get("name") == _WORKER:
            worker = _part(one, "state")
    return PodLine(
        name=str(meta.get("name") or ""),
        state=_pod_state(status, worker),
        node=str(_part(pod, "spec").get("nodeName") or ""),
        began=Moment.of(time_or_none(meta.get("creationTimestamp")), now),
    )


def _pod_state(status: Mapping[str, Any], worker: Mapping[str, Any]) -> str:
    if "running" in worker:
        return "is running"
    ended, waiting = _part(worker, "terminated"), _part(worker, "waiting")
    if ended:
        code = ended.get("exitCode")
        failure = by_exit_code(code) if isinstance(code, int) else None
        reason = failure.reason if failure is not None else ended.get("reason")
        return f"ended with exit code {code}" + (f", {reason}" if code and reason else "")
    reason = waiting.get("reason") or status.get("reason") or status.get("phase") or "Pending"
    message = waiting.get("message") or status.get("message")
    return f"has not started ({reason}{f': {message}' if message else ''})"


def _part(manifest: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = manifest.get(name)
    return found if isinstance(found, Mapping) else {}
