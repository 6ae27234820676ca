"""A job as lists and pages show it: its row, and what else is known of it. Pure."""

from dataclasses import dataclass
from typing import Any

from runops.job_filter import VideoFacts
from runops.row_facts import facts_of_row
from runops.row_reason import reason_of
from runops.row_summary import RowSummary
from runops.time_left import TimeLeft
from runops.timestamps import rfc3339
from runops.videojob_view import VideoJobView

__all__ = ["KnownJob"]


@dataclass(frozen=True, slots=True)
class KnownJob:
    """A job.

    Attributes
    ----------
    row
        Its row.
    videojob
        Its VideoJob; None where there is none or no cluster.
    position
        Its place in the queue, from 1; None where it is not queued, or far behind.
    title
        Of its SOP.
    time_left
        When it is expected to end, by the rows alone.
    has_sop
        Whether a completed job has a SOP; None where that was not looked at.
    """

    row: RowSummary
    videojob: VideoJobView | None = None
    position: int | None = None
    title: str | None = None
    time_left: TimeLeft | None = None
    has_sop: bool | None = None

    @property
    def ends(self) -> TimeLeft | None:
        """When it is expected to end. Its VideoJob knows more than the rows, also where it says nothing."""
        if self.row.ended:
            return None
        if self.videojob is None or self.videojob.finished:
            return self.time_left
        return self.videojob.ends

    @property
    def cost_usd(self) -> str | None:
        """What the calls to the model have cost, in US dollars."""
        usage = None if self.videojob is None else self.videojob.status.usage
        return None if usage is None else usage.cost_usd

    @property
    def needs_checkpoint(self) -> bool:
        """Whether only its checkpoint can tell cost and length: no VideoJob has counted its calls.

        A job that is queued again has a checkpoint and no VideoJob yet, or one that has counted nothing yet.
        """
        return self.videojob is None or self.videojob.status.usage is None

    @property
    def models(self) -> list[str]:
        """The models."""
        return sorted(self._facts.models)

    @property
    def recording_seconds(self) -> float | None:
        """The length of its recording."""
        return self._facts.seconds

    @property
    def _facts(self) -> VideoFacts:
        kept = facts_of_row(self.row)
        if self.videojob is None:
            return kept
        told = self.videojob.facts
        return VideoFacts(told.models or kept.models, told.seconds or kept.seconds)

    def to_json(self) -> dict[str, Any]:
        """Return it for scripts, without the token of its claim."""
        claim, ends = self.row.claim, self.ends
        said = None if claim is None else claim.model_dump(mode="json", exclude={"claim", "more_memory"})
        if claim is not None and said is not None:
            # Scripts read one number; the table keeps one for each class.
            said["waits"] = claim.interruptions
        return {
            **self.row.model_dump(mode="json", exclude={"runops", "claim_text"}),
            "runops": said,
            "reason": reason_of(self.row),
            "title": self.title,
            "position": self.position,
            "ends": None
            if ends is None
            else {
                "earliest": rfc3339(ends.earliest),
                "likely": rfc3339(ends.likely),
                "latest": rfc3339(ends.latest),
            },
            "cost_usd": self.cost_usd,
            "models": self.models,
            "recording_seconds": self.recording_seconds,
        }
