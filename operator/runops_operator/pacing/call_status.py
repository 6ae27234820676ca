"""What `status.pace` of a VideoJob says about calls to models. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from runops.pacing.refusal import Counted, MinuteQuota, Refusal
from runops.videojob_pace import PaceGranted, PaceRefused
from runops_operator.manifests.observed import VideoJobView
from runops_operator.times import moment

__all__ = ["RefusedCall", "WaitingCall", "calls_change", "granted_in", "models_of", "new_refusals", "waiting_calls"]

_MOST_WAITING = 64
"""Of one VideoJob and model. A worker asks about three chunks at once."""


@dataclass(frozen=True, slots=True)
class RefusedCall:
    """A refusal that a worker reported.

    Attributes
    ----------
    at
        When the worker met it, by its own clock, as Unix time; None where that cannot be read.
    first_sight
        Whether this process saw the VideoJob for the first time: the refusal may be an old one.
    """

    refusal: Refusal
    at: float | None
    first_sight: bool


@dataclass(frozen=True, slots=True)
class WaitingCall:
    """A call that a worker waits to make.

    Attributes
    ----------
    number
        Counts the calls of the VideoJob for this model, from 1.
    tokens
        Of its input, as estimated.
    """

    model: str
    number: int
    tokens: int


def new_refusals(before: VideoJobView | None, view: VideoJobView) -> list[RefusedCall]:
    """Return the refusals in a view that the view before did not have."""
    pace = view.status.pace
    if pace is None or not pace.refused:
        return []
    known = set() if before is None else _reports(before)
    return [
        RefusedCall(_refusal(report), _unix(report.at), first_sight=before is None)
        for report in pace.refused
        if (report.model, report.at) not in known
    ]


def calls_change(before: VideoJobView | None, view: VideoJobView) -> bool:
    """Whether a view wants other calls than the view before, or has been granted others."""
    pace = view.status.pace
    return pace is not None and (before is None or pace != before.status.pace)


def granted_in(view: VideoJobView) -> dict[str, PaceGranted]:
    """Return what a VideoJob was granted, by model."""
    pace = view.status.pace
    return {} if pace is None else {grant.model: grant for grant in pace.granted or ()}


def models_of(view: VideoJobView) -> set[str]:
    """Return the models that a VideoJob may call, as far as its spec and its worker say."""
    pace, spec = view.status.pace, view.spec
    named = set() if pace is None else {wanted.model for wanted in pace.wanted or ()}
    return named if spec is None else named | {spec.model.transcribe, spec.model.sop}


def waiting_calls(view: VideoJobView, granted: Mapping[str, int]) -> list[WaitingCall]:
    """Return the calls of a VideoJob that wait.

    Parameters
    ----------
    view
        The VideoJob.
    granted
        How many calls were granted so far, by model.
    """
    calls: list[WaitingCall] = []
    for wanted in (view.status.pace.wanted if view.status.pace is not None else None) or ():
        first = granted.get(wanted.model, 0)
        count = min(max(wanted.calls - first, 0), _MOST_WAITING)
        # The last ones named are those that wait. Where fewer are named, the others are as large as the last one.
        tokens = wanted.tokens[-count:] if count else []
        tokens += [tokens[-1] if tokens else 0] * (count - len(tokens))
        calls += [WaitingCall(wanted.model, first + 1 + index, tokens[index]) for index in range(count)]
    return calls


def _reports(view: VideoJobView) -> set[tuple[str, str]]:
    pace = view.status.pace
    return set() if pace is None else {(report.model, report.at) for report in pace.refused or ()}


def _refusal(report: PaceRefused) -> Refusal:
    quotas = tuple(MinuteQuota(Counted(limit.counted), limit.per_minute) for limit in report.limits or ())
    return Refusal(report.model, report.retry_after_seconds, quotas)


def _unix(time: str) -> float | None:
    at = moment(time)
    return None if at is None else at.timestamp()
