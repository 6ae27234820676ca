"""The record of the last complete runs: one entry for each file of which every mutant was tried."""

import ast
import hashlib
import json
import tomllib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.mutation.targets import CHECKOUT, PACKAGES
from tests.mutation.verdicts import Score, Verdict

__all__ = [
    "RECORD",
    "FileRecord",
    "code_digest",
    "digest_of",
    "file_record",
    "overall",
    "read_record",
    "record_as_toml",
]

RECORD = Path(__file__).with_name("record.toml")
_HEADER = """\
# One entry for each file of which every mutant was tried, written by `python -m tests.mutation --record`.
# The sample is drawn from these files, because only their lists of survivors are complete.
"""


@dataclass(frozen=True, slots=True)
class FileRecord:
    """What a complete run found in one file.

    Attributes
    ----------
    file
        Path below the packages' parent.
    code
        Digest of the code that was mutated, see `code_digest`.
    tests, types, timeouts
        Number of mutants that a test, mypy or the time limit killed.
    survived
        Number of mutants that no fast test notices; `known_survivors.toml` lists them.
    equivalent
        Number of mutants that `equivalent_mutants.toml` argues away. They do not count.
    wording
        Number of mutants that change only the text of a sentence. They do not count.
    """

    file: str
    code: str
    tests: int
    types: int
    timeouts: int
    survived: int
    equivalent: int
    wording: int

    @property
    def killed(self) -> int:
        """Number of killed mutants."""
        return self.tests + self.types + self.timeouts

    @property
    def percent(self) -> float:
        """Share of killed mutants among those that could have been killed, in per cent."""
        return _percent(self.killed, self.survived)


def file_record(file: str, counted: Score) -> FileRecord | None:
    """Return the record of a file; None where some of its mutants were not tried."""
    if counted.by_verdict.get(Verdict.NOT_RUN):
        return None
    return FileRecord(
        file=file,
        code=code_digest(file),
        tests=counted.by_verdict.get(Verdict.KILLED, 0),
        types=counted.by_verdict.get(Verdict.TYPES, 0),
        timeouts=counted.by_verdict.get(Verdict.TIMEOUT, 0),
        survived=len(counted.survivors),
        equivalent=counted.equivalent,
        wording=counted.wording,
    )


def code_digest(file: str) -> str:
    """Return the digest of a file's code, see `digest_of`."""
    package, _, below = file.partition("/")
    return digest_of((CHECKOUT / PACKAGES[package] / below).read_text())


def digest_of(code: str) -> str:
    """Return a digest of code. Comments and layout do not change it."""
    return hashlib.sha256(ast.dump(ast.parse(code)).encode()).hexdigest()[:16]


def overall(records: Iterable[FileRecord]) -> float:
    """Return the score of all recorded files together, in per cent."""
    records = list(records)
    return _percent(sum(one.killed for one in records), sum(one.survived for one in records))


def read_record(path: Path = RECORD) -> dict[str, FileRecord]:
    """Read the record: one entry by file."""
    entries = tomllib.loads(path.read_text()).get("file", [])
    return {entry["file"]: FileRecord(**entry) for entry in entries}


def record_as_toml(records: Iterable[FileRecord]) -> str:
    """Return the text of `record.toml`, sorted by file."""
    parts = [_HEADER]
    for record in sorted(records, key=lambda one: one.file):
        parts.append("\n[[file]]\n")
        # JSON writes a string and a number as TOML does.
        parts.extend(f"{name} = {json.dumps(value)}\n" for name, value in asdict(record).items())
    return "".join(parts)


def _percent(killed: int, survived: int) -> float:
    return 100.0 * killed / (killed + survived) if killed + survived else 100.0
