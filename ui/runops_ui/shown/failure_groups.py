"""Failures grouped by their reason, with what can be done about each. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from runops.failures import TABLE, FailureClass
from runops.row_reason import OTHER, reason_of
from runops.row_summary import RowSummary, time_of
from runops_ui.shown.row_view import Moment

__all__ = ["FailureGroup", "failure_groups"]

_BY_NAME = {reason.value: failure for reason, failure in TABLE.items()}
_MOST_SENTENCES = 5
_LONGEST = 300
_CLASSES = {
    FailureClass.PERMANENT: "fails again unless something is changed",
    FailureClass.TRANSIENT: "was tried several times",
    FailureClass.QUOTA: "waits for a quota",
    FailureClass.KEY: "waits for a person",
    FailureClass.INFRASTRUCTURE: "came from the cluster",
    FailureClass.CLAIM: "somebody else took the job",
}


@dataclass(frozen=True, slots=True)
class FailureGroup:
    """Failures of one reason.

    Attributes
    ----------
    sentence, remedy
        Of the table of reasons; None for errors in words of their own.
    kind
        What retrying does about it.
    newest
        When the last one failed.
    sentences
        The most frequent errors, each with its number.
    """

    reason: str
    rows: int
    sentence: str | None
    remedy: str | None
    kind: str | None
    newest: Moment | None
    sentences: tuple[tuple[str, int], ...]


def failure_groups(rows: Iterable[RowSummary], *, now: datetime) -> list[FailureGroup]:
    """Return the groups, the largest first."""
    of_reason: defaultdict[str, list[RowSummary]] = defaultdict(list)
    for row in rows:
        of_reason[reason_of(row) or OTHER].append(row)
    groups = [_group(reason, some, now) for reason, some in of_reason.items()]
    return sorted(groups, key=lambda group: (-group.rows, group.reason))


def _group(reason: str, rows: list[RowSummary], now: datetime) -> FailureGroup:
    failure = _BY_NAME.get(reason)
    said = Counter(" ".join((row.error or "The row gives no reason.").split())[:_LONGEST] for row in rows)
    times = [at for row in rows if (at := time_of(row.updated_at)) is not None]
    return FailureGroup(
        reason=reason,
        rows=len(rows),
        sentence=None if failure is None else failure.sentence,
        remedy=None if failure is None else failure.remedy,
        kind=None if failure is None else _CLASSES[failure.failure_class],
        newest=Moment.of(max(times, default=None), now),
        sentences=tuple(said.most_common(_MOST_SENTENCES)),
    )
