"""Which jobs a person means: by status, user, reason, model, time, length and text. Pure.

The command line, the page of the queue and its URLs use the same filter. What of it a database can decide is in
`runops/supabase/job_pages.py`; here is the whole of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Self
from uuid import UUID

from runops.row_reason import parse_reason, reason_of
from runops.row_summary import RowSummary, time_of
from runops.spans import parse_seconds, parse_since

__all__ = ["NO_FACTS", "JobFilter", "Order", "VideoFacts"]

_LONGEST_TEXT = 200
_NAMES = ("status", "user", "reason", "model", "since", "changed_since", "longer_than", "text")


class Order(Enum):
    """Which rows come first, by `created_at`. A row without one counts as the newest."""

    NEWEST = "newest"
    OLDEST = "oldest"


@dataclass(frozen=True, slots=True)
class VideoFacts:
    """What the table `jobs` does not tell of a video.

    Attributes
    ----------
    models
        The models that worked or will work on it; empty where that is not known.
    seconds
        The length of its recording; None where that is not known.
    """

    models: frozenset[str] = frozenset()
    seconds: float | None = None


NO_FACTS = VideoFacts()


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFilter:
    """The choice: a job is meant if each of these that is given holds.

    Attributes
    ----------
    statuses
        The row has one of these statuses; of any where empty.
    user
        `metadata.user_id` is this.
    reasons
        The row is in error for, or waits for, one of these, see `runops.row_reason`.
    model
        A model of this name works or worked on it.
    since
        It was queued at this time or later.
    changed_since
        Its row was written at this time or later. A job that has ended is written when it ends.
    longer_than
        Its recording has more seconds than this.
    text
        Its error contains this text in any case, or its id begins with it.
    """

    statuses: frozenset[str] = frozenset()
    user: UUID | None = None
    reasons: frozenset[str] = frozenset()
    model: str | None = None
    since: datetime | None = None
    changed_since: datetime | None = None
    longer_than: float | None = None
    text: str | None = None

    @property
    def needs_facts(self) -> bool:
        """Whether the table alone cannot decide: it holds neither models nor lengths."""
        return self.model is not None or self.longer_than is not None

    def is_undecided(self, facts: VideoFacts) -> bool:
        """Whether it cannot be told if a job is meant, since a fact is not known. Such a job is not taken."""
        return (self.model is not None and not facts.models) or (self.longer_than is not None and facts.seconds is None)

    def takes(self, row: RowSummary, facts: VideoFacts = NO_FACTS) -> bool:
        """Whether a job is meant."""
        return self.takes_row(row) and self.takes_video(facts)

    def takes_video(self, facts: VideoFacts) -> bool:
        """Whether what the table does not tell fits."""
        of_model = self.model is None or self.model in facts.models
        long_enough = self.longer_than is None or (facts.seconds is not None and facts.seconds > self.longer_than)
        return of_model and long_enough

    def takes_row(self, row: RowSummary) -> bool:
        """Whether what the table tells fits."""
        return (
            (not self.statuses or row.status in self.statuses)
            and (self.user is None or _uuid(row.user_id) == self.user)
            and (not self.reasons or reason_of(row) in self.reasons)
            and _not_before(row.created_at, self.since)
            and _not_before(row.updated_at, self.changed_since)
            and (self.text is None or self._in_text(row, self.text.casefold()))
        )

    @staticmethod
    def _in_text(row: RowSummary, text: str) -> bool:
        return text in (row.error or "").casefold() or str(row.job_id).startswith(text)

    @classmethod
    def from_query(cls, query: Mapping[str, str], *, now: datetime | None = None) -> Self:
        """Return the filter that the query of a URL names. Unknown keys are left to others, empty values count as none.

        Parameters
        ----------
        query
            As `to_query` gives it; a time may also be `2h`, a length `10m`. Several statuses or reasons have commas
            between them.
        now
            The time from which `2h` counts back.

        Raises
        ------
        ValueError
            A value cannot be read; the message names the key and what to write.
        """
        given = {name: text for name in _NAMES if (text := (query.get(name) or "").strip())}
        now = now or datetime.now(UTC)

        def since(name: str) -> datetime | None:
            return parse_since(given[name], now=now) if name in given else None

        name = "user"
        try:
            user = UUID(given["user"]) if "user" in given else None
            name = "reason"
            reasons = frozenset(map(parse_reason, _several(given.get("reason", ""))))
            name = "since"
            queued = since("since")
            name = "changed_since"
            changed = since("changed_since")
            name = "longer_than"
            longer = parse_seconds(given["longer_than"]) if "longer_than" in given else None
        except ValueError as error:
            said = f"{given[name]!r} is not a UUID." if name == "user" else str(error)
            raise ValueError(f"{name}: {said}") from None
        sought = given.get("text")
        if sought is not None and len(sought) > _LONGEST_TEXT:
            raise ValueError(f"text: Use at most {_LONGEST_TEXT} characters.")
        if sought is not None and "\0" in sought:
            raise ValueError("text: It has a NUL character, which no error has.")
        return cls(
            statuses=frozenset(_several(given.get("status", ""))),
            user=user,
            reasons=reasons,
            model=given.get("model"),
            since=queued,
            changed_since=changed,
            longer_than=longer,
            text=sought,
        )

    def to_query(self) -> dict[str, str]:
        """Return the filter as the query of a URL; `from_query` reads it back."""
        said = {
            "status": ",".join(sorted(self.statuses)),
            "user": "" if self.user is None else str(self.user),
            "reason": ",".join(sorted(self.reasons)),
            "model": self.model or "",
            "since": "" if self.since is None else self.since.isoformat(),
            "changed_since": "" if self.changed_since is None else self.changed_since.isoformat(),
            "longer_than": "" if self.longer_than is None else _seconds(self.longer_than),
            "text": self.text or "",
        }
        return {name: text for name, text in said.items() if text}


def _several(text: str) -> list[str]:
    return [one for part in text.split(",") if (one := part.strip())]


def _seconds(seconds: float) -> str:
    return f"{seconds:.3f}".rstrip("0").rstrip(".")


def _uuid(text: str | None) -> UUID | None:
    try:
        return None if text is None else UUID(text)
    except ValueError:
        return None


def _not_before(text: str | None, since: datetime | None) -> bool:
    if since is None:
        return True
    at = time_of(text)
    return at is not None and at >= since
