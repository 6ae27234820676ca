"""All that is known of one job. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from runops.job_story.attempts import AttemptCost, Attempts, attempts_of, cost_by_attempt
from runops.job_story.known_job import KnownJob
from runops.job_story.results import JobResults
from runops.job_story.timeline import Happening, timeline
from runops.timestamps import rfc3339
from runops.why_waiting import Explanation

__all__ = ["JobStory"]


@dataclass(frozen=True, slots=True)
class JobStory:
    """A job's story.

    Attributes
    ----------
    job
        Its row, its VideoJob, title and position.
    now
        The time at the server.
    results
        What came of it.
    events
        Manifests of the cluster's events about it and its pods.
    """

    job: KnownJob
    now: datetime
    results: JobResults = field(default_factory=JobResults)
    events: tuple[Mapping[str, Any], ...] = ()

    @property
    def timeline(self) -> list[Happening]:
        """What happened to it, the first first."""
        return timeline(self.job.row, self.job.videojob, self.events, now=self.now)

    @property
    def attempts(self) -> Attempts | None:
        """How often it was tried."""
        return attempts_of(self.job.row)

    @property
    def cost_by_attempt(self) -> list[AttemptCost]:
        """What each attempt cost."""
        return cost_by_attempt(self.job.videojob)

    @property
    def cost_usd(self) -> str | None:
        """What the calls to the model have cost."""
        known, paid = self.job.cost_usd, self.results.paid_usd
        return known if known is not None or paid is None else f"{paid:.6f}"

    @property
    def bill(self) -> str:
        """What the calls to the model have cost, as a person reads it; empty where that is not known."""
        usage = None if self.job.videojob is None else self.job.videojob.status.usage
        if usage is not None and usage.bill:
            return usage.bill
        return "" if self.cost_usd is None else f"about {self.cost_usd} USD"

    @property
    def length(self) -> float | None:
        """The length of the recording in seconds."""
        of_job = self.job.recording_seconds
        return of_job if of_job is not None else self.results.recording_seconds

    def to_json(self, told: Explanation) -> dict[str, Any]:
        """Return it for scripts, with what the job waits for, or what else it does."""
        videojob, results = self.job.videojob, self.results
        usage = None if videojob is None else videojob.status.usage
        return {
            **self.job.to_json(),
            "cost_usd": self.cost_usd,
            "recording_seconds": self.length,
            "state": told.state.value,
            "sentence": told.sentence,
            "since": None if told.since is None else rfc3339(told.since),
            "until": None if told.until is None else rfc3339(told.until),
            "remedy": told.remedy,
            "timeline": [
                {"at": rfc3339(one.at), "what": one.what, "detail": one.detail or None, "seconds": one.seconds}
                for one in self.timeline
            ],
            "usage": None if usage is None else usage.model_dump(mode="json", by_alias=True, exclude_none=True),
            "videojob": None if videojob is None else videojob.name,
            "transcripts": results.transcripts,
            "sops": results.sops,
            "objects": [
                {"name": one.name, "location": one.location, "size_bytes": one.size} for one in results.objects
            ],
            "troubles": list(results.troubles),
        }
