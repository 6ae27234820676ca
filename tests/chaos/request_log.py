"""What real workers did, read from the logs of the stand-ins they called. Pure.

A pod has an address of its own, and no other pod has it for a long while. Which video a pod works on shows in the
paths of its requests to Supabase, so its calls of Gemini, which name no job, can be told apart.
"""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from devstack.faults import RequestRecord
from devstack.gemini.behaviour import CallRecord

__all__ = ["Deeds", "deeds_of"]

_CALL_NAMES = {"transcribe": "transcript", "sop": "sop"}


@dataclass(frozen=True)
class Deeds:
    """What was done, and what of it again.

    Attributes
    ----------
    calls, transcodes
        All that cost something: answered calls, and uploads of slim videos.
    calls_again, transcodes_again
        Those that came after a checkpoint with their result, in the same video.
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
    kept = _uploads(requests, r"transcripts/(ID)\.checkpoint\.json", job_ids)
    checkpoints = [(one.at, one.peer, job) for one, job in kept]
    again = Counter(deed.work for deed in _again([*slims, *asked], checkpoints))
    return Deeds(
        calls=len(asked),
        transcodes=len(slims),
        calls_again=again["transcript"] + again["sop"],
        transcodes_again=again["transcode"],
        stray_calls=stray,
    )


def _again(deeds: Sequence[_Deed], checkpoints: Sequence[tuple[float, str, str]]) -> list[_Deed]:
    """Return the deeds whose result lay in a checkpoint already: the pod that did it first wrote one afterwards."""
    again = []
    kept_since: dict[tuple[str, str], float] = {}
    for deed in sorted(deeds, key=lambda one: one.at):
        since = kept_since.get((deed.job_id, deed.work))
        if since is not None and since < deed.at:
            again.append(deed)
        later = [at for at, peer, job in checkpoints if (peer, job) == (deed.peer, deed.job_id) and at > deed.at]
        if later and since is None:
            kept_since[deed.job_id, deed.work] = min(later)
    return again


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
