"""What happened to the jobs of a time: how many, how fast, why they failed, what they cost. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from runops.dollars import reported_microdollars
from runops.failures import TABLE, Reason
from runops.job_row import RowStatus
from runops.row_facts import took_of
from runops.row_reason import reason_of
from runops.row_summary import RowSummary, time_of
from runops.time_left.quantiles import weighted_quantile
from runops.timestamps import rfc3339
from runops.videojob_view import VideoJobView

__all__ = ["JobStats", "Spread", "remedy_of"]

_QUEUED_UNTIL_COMPLETED = "queued until completed"
_RECORDING = "recording"
_STAGES = ("preparing_video", "transcribing", "parsing_sop", "finalizing")


@dataclass(frozen=True, slots=True)
class Spread:
    """How values lie: how many, their median, and what nine of ten do not exceed."""

    count: int
    p50: float
    p90: float

    @classmethod
    def of(cls, values: Iterable[float]) -> "Spread":
        """Return the spread of values, of which there is at least one."""
        weighted = [(value, 1.0) for value in values]
        return cls(len(weighted), weighted_quantile(weighted, 0.5), weighted_quantile(weighted, 0.9))


@dataclass(slots=True)
class JobStats:
    """The jobs that ended since a time.

    Attributes
    ----------
    since, until
        The time.
    completed, cancelled
        How many.
    failures
        How many ended in error, by reason.
    others
        How many have a status of the app.
    """

    since: datetime
    until: datetime
    completed: int = 0
    cancelled: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    others: int = 0
    _seconds: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    _microdollars: int = 0
    _priced: int = 0
    _priced_seconds: float = 0.0

    def add(self, rows: Iterable[RowSummary], videojobs: Mapping[UUID, VideoJobView]) -> None:
        """Count rows that have ended; those that have not are passed over."""
        for row in rows:
            if row.ended:
                self._add(row, videojobs.get(row.job_id))

    def _add(self, row: RowSummary, videojob: VideoJobView | None) -> None:
        self._add_cost(row, videojob)
        match row.status:
            case RowStatus.COMPLETED:
                self.completed += 1
                self._add_times(row)
            case RowStatus.ERROR if reason_of(row) == Reason.CANCELLED:
                self.cancelled += 1
            case RowStatus.ERROR:
                self.failures[reason_of(row) or ""] += 1
            case _:
                self.others += 1

    def _add_times(self, row: RowSummary) -> None:
        queued, ended = time_of(row.created_at), time_of(row.completed_at) or time_of(row.updated_at)
        if queued is not None and ended is not None and ended >= queued:
            self._seconds[_QUEUED_UNTIL_COMPLETED].append((ended - queued).total_seconds())
        if (took := took_of(row)) is not None:
            self._seconds[_RECORDING].append(took.recording)
            for phase, seconds in took.stages.items():
                self._seconds[phase.value].append(seconds)

    def _add_cost(self, row: RowSummary, videojob: VideoJobView | None) -> None:
        usage = None if videojob is None else videojob.status.usage
        if usage is None or usage.cost_usd is None:
            return
        self._priced += 1
        self._microdollars += reported_microdollars(usage.cost_usd)
        took = took_of(row)
        self._priced_seconds += float(usage.media_seconds) or (0.0 if took is None else took.recording)

    @property
    def failed(self) -> int:
        """How many ended in error, cancelled ones left out."""
        return self.failures.total()

    @property
    def ended(self) -> int:
        """How many ended."""
        return self.completed + self.failed + self.cancelled + self.others

    @property
    def per_hour(self) -> float:
        """How many were completed in an hour."""
        hours = (self.until - self.since).total_seconds() / 3600
        return self.completed / hours if hours > 0 else 0.0

    @property
    def times(self) -> dict[str, Spread]:
        """By what took it, in the order in which it happens: seconds."""
        names = (_QUEUED_UNTIL_COMPLETED, *_STAGES, _RECORDING)
        return {name: Spread.of(self._seconds[name]) for name in names if self._seconds.get(name)}

    @property
    def cost_usd(self) -> float | None:
        """What the calls to the model cost; None where nothing is known of it."""
        return self._microdollars / 1e6 if self._priced else None

    @property
    def priced(self) -> int:
        """Of how many jobs the cost is known."""
        return self._priced

    @property
    def cost_per_minute(self) -> float | None:
        """What a minute of recording cost."""
        return None if not self._priced_seconds else self._microdollars / 1e6 / (self._priced_seconds / 60)

    def to_json(self) -> dict[str, Any]:
        """Return it for scripts."""
        return {
            "since": rfc3339(self.since),
            "until": rfc3339(self.until),
            "completed": self.completed,
            "completed_per_hour": round(self.per_hour, 3),
            "failed": self.failed,
            "cancelled": self.cancelled,
            "others": self.others,
            "failures": dict(self.failures.most_common()),
            "seconds": {
                name.replace(" ", "_"): {"count": one.count, "p50": round(one.p50, 1), "p90": round(one.p90, 1)}
                for name, one in self.times.items()
            },
            "cost_usd": self.cost_usd,
            "cost_known_of": self.priced,
            "cost_usd_per_minute": self.cost_per_minute,
        }


def remedy_of(reason: str) -> str:
    """Return what to do about failures of a reason; "" for those in words of their own."""
    known = {one.value: failure.remedy for one, failure in TABLE.items()}
    return known.get(reason, "")
