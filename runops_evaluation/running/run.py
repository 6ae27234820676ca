"""Obtains the results of all recordings, one after the other. What is done is kept, so a run can be repeated."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from runops_evaluation.gold.recording import GoldRecording
from runops_evaluation.results.files import write_result_files
from runops_evaluation.running.kept_results import KeptResults
from runops_evaluation.running.run_record import Outcome, RunRecord, write_run
from runops_evaluation.running.source import NotMade, Source

__all__ = ["Estimate", "estimate", "obtain_results"]

Say = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a run costs as a rule.

    Attributes
    ----------
    usd
        Of all recordings whose price is known, in US dollars.
    count
        Recordings that are not kept from an earlier run.
    unpriced
        Models without a known price.
    """

    usd: Decimal
    count: int
    unpriced: tuple[str, ...]

    def __add__(self, other: "Estimate") -> "Estimate":
        """Return the cost of both runs."""
        unpriced = tuple(dict.fromkeys((*self.unpriced, *other.unpriced)))
        return Estimate(self.usd + other.usd, self.count + other.count, unpriced)

    def sentence(self) -> str:
        """Return it for a person."""
        recordings = "1 recording" if self.count == 1 else f"{self.count} recordings"
        unpriced = f", plus the calls to {', '.join(self.unpriced)}, whose price is not known" if self.unpriced else ""
        return f"{recordings} to work on, for about {self.usd:.2f} US dollars{unpriced}."


def estimate(recordings: Sequence[GoldRecording], source: Source, kept: KeptResults | None) -> Estimate:
    """Return what the recordings cost that are here and not kept from an earlier run."""
    usd, count, unpriced = Decimal(0), 0, dict[str, None]()
    for gold in recordings:
        if source.key(gold) is not None and _found(source, kept, gold) is None:
            known, unknown = source.cost(gold)
            usd, count = usd + (known or 0), count + 1
            unpriced |= dict.fromkeys(unknown)
    return Estimate(usd, count, tuple(unpriced))


async def obtain_results(
    recordings: Sequence[GoldRecording],
    source: Source,
    out: Path,
    *,
    kept: KeptResults | None,
    say: Say,
    reuse: bool = True,
) -> RunRecord:
    """Obtain and write the result of each recording.

    Parameters
    ----------
    recordings
        The recordings.
    source
        Where results come from.
    out
        Folder of the run. Its record is written after each recording.
    kept
        Results of earlier runs, and where new ones are kept; None for neither.
    say
        Receives a line for each recording.
    reuse
        Whether results of earlier runs are used.

    Raises
    ------
    Stopped
        No recording can be worked on. Those before are written.
    """
    record = RunRecord(made=source.made_with())
    write_run(out, record)
    for number, gold in enumerate(recordings, start=1):
        say(f"[{number}/{len(recordings)}] {gold.name}: {gold.about.duration:.0f} s")
        outcome = await _one(gold, source, out, kept, reuse=reuse)
        detail = f": {outcome.message}" if outcome.message else ""
        say(f"[{number}/{len(recordings)}] {gold.name}: {outcome.state}{detail}")
        record = record.model_copy(update={"recordings": {**record.recordings, gold.name: outcome}})
        write_run(out, record)
    return record


async def _one(gold: GoldRecording, source: Source, out: Path, kept: KeptResults | None, *, reuse: bool) -> Outcome:
    sha256 = gold.about.sha256
    contents = _found(source, kept if reuse else None, gold)
    if contents is not None:
        write_result_files(out, gold.name, contents)
        return Outcome(state="reused", sha256=sha256)
    try:
        contents = await source.make(gold)
    except NotMade as error:
        return Outcome(state="missing", message=str(error), sha256=sha256)
    key = source.key(gold)
    if kept is not None and key is not None:
        kept.keep(key, contents)
    write_result_files(out, gold.name, contents)
    if "failed" in contents:
        return Outcome(state="failed", message=str(contents["failed"].get("message")), sha256=sha256)
    return Outcome(state="made", sha256=sha256)


def _found(source: Source, kept: KeptResults | None, gold: GoldRecording) -> dict[str, Any] | None:
    key = source.key(gold)
    return None if kept is None or key is None else kept.find(key)
