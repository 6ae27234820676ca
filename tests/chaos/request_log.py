"""What real workers did, read from the logs of the stand-ins they called. Pure.

A pod has an address of its own, and no other pod has it for a long while. Which video a pod works on shows in the
paths of its requests to Supabase, so its calls of Gemini, which name no job, can be told apart.

Whether something was done again is not read from times: the parts of a video overlap, and a checkpoint that is written
after a deed need not hold it. The log tells what each checkpoint held that a pod was given or wrote itself.
"""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from devstack.faults import RequestRecord
from devstack.gemini.behaviour import CallRecord

__all__ = ["Deeds", "deeds_of"]

_CALL_NAMES = {"transcribe": "transcript", "sop": "sop"}
_KEPT_IN = {"transcode": {"slim"}, "transcript": {"chunks", "transcript"}, "sop": {"sop"}}
"""In which members of a checkpoint a result lies; that of a call for one stretch, and these recordings have but one."""
_NOTHING_THERE = {400, 404}


@dataclass(frozen=True)
class Deeds:
    """What was done, and what of it again.

    Attributes
    ----------
    calls, transcodes
        All that cost something: answered calls, and uploads of slim videos.
    calls_again, transcodes_again
        Those by a pod that knew a checkpoint with their result, or should have known it.
    stray_calls
        Calls of nobody who worked on one of the videos.
    """

    calls: int
    transcodes: int
    calls_again: int
    transcodes_again: int
    stray_calls: int


@dataclass(frozen=True)
class _Deed:
    at: float
    peer: str
    job_id: str
    work: str


def deeds_of(requests: Sequence[RequestRecord], calls: Sequence[CallRecord], job_ids: Collection[str]) -> Deeds:
    """Read the logs.

    Parameters
    ----------
    requests
        Of the Supabase stand-in.
    calls
        Of the Gemini stand-in.
    job_ids
        The videos that count.
    """
    sightings = _sightings(requests, frozenset(job_ids))
    slims = [_Deed(one.at, one.peer, job, "transcode") for one, job in _uploads(requests, r"slim/(ID)\.mp4", job_ids)]
    asked: list[_Deed] = []
    stray = 0
    for call in calls:
        work = _CALL_NAMES.get(call.kind)
        if work is None or call.status != 200:
            continue
        job = sightings.job_of(call.peer, call.at)
        if job is None:
            stray += 1
        else:
            asked.append(_Deed(call.at, call.peer, job, work))
    checkpoints = sorted(_checkpoints(requests, job_ids), key=lambda one: one.at)
    again = Counter(deed.work for deed in [*slims, *asked] if _KEPT_IN[deed.work] & _known(deed, checkpoints))
    return Deeds(
        calls=len(asked),
        transcodes=len(slims),
        calls_again=again["transcript"] + again["sop"],
        transcodes_again=again["transcode"],
        stray_calls=stray,
    )


@dataclass(frozen=True)
class _Checkpoint:
    """One that a pod was given, or that came into storage by it."""

    at: float
    peer: str
    job_id: str
    is_stored: bool
    members: frozenset[str]


def _checkpoints(requests: Sequence[RequestRecord], job_ids: Collection[str]) -> Iterator[_Checkpoint]:
    wanted = re.compile(r"/videos/transcripts/([0-9a-f-]{36})\.checkpoint\.json$")
    for one in requests:
        match = wanted.search(one.path)
        if match is None or match[1] not in job_ids or one.method not in {"GET", "POST", "PUT"}:
            continue
        is_stored = one.method != "GET"
        nothing_there = one.status in _NOTHING_THERE and not is_stored and "/object/info/" not in one.path
        # What is stored counts without an answer, too: whoever should have got it was killed.
        if one.members is not None or nothing_there:
            yield _Checkpoint(one.at, one.peer, match[1], is_stored, frozenset(one.members or ()))


def _known(deed: _Deed, checkpoints: Sequence[_Checkpoint]) -> frozenset[str]:
    """Return what the checkpoint holds that the pod saw last before a deed; where it saw none, the one in storage."""
    before = [one for one in checkpoints if one.job_id == deed.job_id and one.at < deed.at]
    seen = [one for one in before if one.peer == deed.peer] or [one for one in before if one.is_stored]
    return seen[-1].members if seen else frozenset()


class _Sightings:
    """Which pod worked on which video from when on."""

    def __init__(self) -> None:
        self._times: dict[str, list[float]] = {}
        self._jobs: dict[str, list[str]] = {}

    def add(self, peer: str, at: float, job_id: str) -> None:
        jobs = self._jobs.setdefault(peer, [])
        if not jobs or jobs[-1] != job_id:
            jobs.append(job_id)
            self._times.setdefault(peer, []).append(at)

    def job_of(self, peer: str, at: float) -> str | None:
        place = bisect_right(self._times.get(peer, []), at)
        return self._jobs[peer][place - 1] if place else None


def _sightings(requests: Sequence[RequestRecord], job_ids: frozenset[str]) -> _Sightings:
    found = _Sightings()
    uuid = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
    for one in requests:
        named = {text for text in uuid.findall(one.path) if text in job_ids}
        # The operator asks for many rows at once, a worker for its own only.
        if len(named) == 1:
            found.add(one.peer, one.at, named.pop())
    return found


def _uploads(
    requests: Sequence[RequestRecord], pattern: str, job_ids: Collection[str]
) -> list[tuple[RequestRecord, str]]:
    """Return the uploads that were handled to their end, with the video each belongs to."""
    wanted = re.compile(rf"/storage/v1/object/videos/{pattern.replace('ID', '[0-9a-f-]{36}')}$")
    found = []
    for one in requests:
        match = wanted.search(one.path)
        if match and one.method in {"POST", "PUT"} and one.status == 200 and match[1] in job_ids:
            found.append((one, match[1]))
    return found
