"""From what the tables hold to a record. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from devstack.operator_runs.observed_tables import Outcome
from devstack.operator_runs.queued_rows import Row
from tests.chaos.record import Record

__all__ = ["Ends", "Extra", "record_of"]

_MOST_SHOWN = 5


@dataclass(frozen=True, kw_only=True)
class Extra:
    """What other places than the tables tell.

    Attributes
    ----------
    calls_again, transcodes_again, orphans, attempts_used
        As in `Record`.
    details
        Lines for a person.
    """

    calls_again: int
    transcodes_again: int
    orphans: Sequence[str]
    attempts_used: int | None = None
    details: Sequence[str] = ()


@dataclass(frozen=True)
class Ends:
    """The rows whose end breaks the promise, by how it does."""

    wrong: list[str]
    lost: list[str]
    doubled: list[str]

    @classmethod
    def of(cls, rows: Sequence[Row], outcomes: Mapping[str, Outcome]) -> "Ends":
        """Sort the rows."""
        ends = cls([], [], [])
        for row in rows:
            outcome = outcomes.get(row.job_id)
            if outcome is None or outcome.status not in {"completed", "error"}:
                ends.lost.append(row.job_id)
                continue
            if (outcome.status == "error") != row.should_fail:
                ends.wrong.append(row.job_id)
            if outcome.status == "completed" and not (outcome.transcripts and outcome.sops):
                ends.lost.append(row.job_id)
            if outcome.transcripts > 1 or outcome.sops > 1 or outcome.endings > 1:
                ends.doubled.append(row.job_id)
        return ends

    @property
    def all(self) -> list[str]:
        """Every such row."""
        return [*self.wrong, *self.lost, *self.doubled]


def record_of(
    scenario: str,
    rows: Sequence[Row],
    outcomes: Mapping[str, Outcome],
    *,
    stories: Mapping[str, str],
    extra: Extra,
    seconds: float,
) -> Record:
    """Return the record of a scenario.

    Parameters
    ----------
    scenario, seconds
        Its name, and how long it took.
    rows, outcomes
        What was queued, and what the tables hold now.
    stories
        How the status of rows went whose end breaks the promise.
    extra
        What other places tell.
    """
    ends = Ends.of(rows, outcomes)
    told = [*extra.details]
    for what, ids in (("wrong end", ends.wrong), ("lost", ends.lost), ("doubled", ends.doubled)):
        for job_id in ids[:_MOST_SHOWN]:
            shown = outcomes.get(job_id)
            state = "no row" if shown is None else (
                f"{shown.status}, {shown.transcripts} transcripts, {shown.sops} SOPs, ended {shown.endings} times; "
                f"{shown.error[:120]}"
            )  # fmt: skip
            told.append(f"{what}: {job_id}: {state} [{stories.get(job_id, '')}]")
    told += [f"orphan: {orphan}" for orphan in extra.orphans[:_MOST_SHOWN]]
    statuses = [outcome.status for outcome in outcomes.values()]
    return Record(
        scenario=scenario,
        seconds=seconds,
        rows=len(rows),
        completed=statuses.count("completed"),
        error=statuses.count("error"),
        wrong=len(ends.wrong),
        lost=len(ends.lost),
        doubled=len(ends.doubled),
        calls_again=extra.calls_again,
        transcodes_again=extra.transcodes_again,
        orphans=len(extra.orphans),
        attempts_used=extra.attempts_used,
        details=tuple(told),
    )
