"""Writes the record of a run: the list of survivors, `record.toml` and the page."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from devstack.cluster.machine.locks import waiting_lock
from tests.mutation.listed import KNOWN_SURVIVORS, read_listed, survivors_as_toml
from tests.mutation.record import RECORD, file_record, read_record, record_as_toml
from tests.mutation.score_page import PAGE, page
from tests.mutation.targets import CHECKOUT, source_files
from tests.mutation.verdicts import Score

__all__ = ["RecordPaths", "write_record"]

_WRITE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class RecordPaths:
    """Where a record is written.

    Attributes
    ----------
    survivors, record, page
        The files, each replaced as a whole.
    lock
        Held from reading them until they are written.
    """

    survivors: Path = KNOWN_SURVIVORS
    record: Path = RECORD
    page: Path = PAGE
    lock: Path = CHECKOUT / "build" / "mutants-record.lock"


def write_record(scores: Mapping[str, Score], paths: RecordPaths | None = None) -> list[str]:
    """Replace what the files say about the code of this run, and keep the rest as far as its code still exists.

    Runs that end at the same time write one after the other, each onto what the other has written.

    Parameters
    ----------
    scores
        What the run found, by file.
    paths
        Where to write; the files of this checkout where None.

    Returns
    -------
    list[str]
        Files without a record now: some of their mutants were not tried.

    Raises
    ------
    TimeoutError
        Another run held the lock for a minute.
    """
    paths = paths or RecordPaths()
    with waiting_lock(paths.lock, deadline=_WRITE_SECONDS, waiting_for="it writes its record", progress=_say):
        known = read_listed(paths.survivors)
        now = {file: file_record(file, one) for file, one in scores.items()}
        there = source_files()
        kept = {file: one for file, one in read_record(paths.record).items() if file in there and file not in now}
        records = kept | {file: one for file, one in now.items() if one is not None}
        survivors = {change: why for change, why in known.items() if change.file in kept}
        for file, one in scores.items():
            if now[file] is not None:
                survivors |= {change: known.get(change, "no test notices it yet") for change in one.survivors}
        paths.survivors.write_text(survivors_as_toml(survivors))
        paths.record.write_text(record_as_toml(records.values()))
        paths.page.write_text(page(records.values()))
    return [file for file, one in now.items() if one is None]


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
