"""Prints docs/mutation-score.md from the record. `python -m tests.mutation --record` writes the page."""

import sys
from collections.abc import Iterable

from tests.mutation.record import FileRecord, overall, read_record
from tests.mutation.targets import CHECKOUT

__all__ = ["PAGE", "page"]

PAGE = CHECKOUT / "docs" / "mutation-score.md"
_TEXT = """\
# Mutation score

How many of the small changes that `make mutants` makes to the decision code are noticed by a fast test or by mypy.
[How it works](testing.md#mutation-tests). `python -m tests.mutation --record` writes this page.

**Overall: {percent:.1f} %** of {total:,} mutants in {files} files. Decision code without a row has no complete
record yet.

"Survived" counts mutants that no fast test notices. `tests/mutation/known_survivors.toml` lists each. "Equivalent"
counts mutants that behave like the original. `tests/mutation/equivalent_mutants.toml` argues each. Equivalent mutants
and changes of a sentence's wording are not part of the score.

| File | Killed by tests | by mypy | by the time limit | Survived | Equivalent | Wording | Score |
|---|---:|---:|---:|---:|---:|---:|---:|
{rows}
"""


def page(records: Iterable[FileRecord]) -> str:
    """Return the page: one row for each file, the lowest score first."""
    records = sorted(records, key=lambda one: (one.percent, one.file))
    rows = "\n".join(
        f"| `{one.file}` | {one.tests} | {one.types} | {one.timeouts} | {one.survived} | {one.equivalent} "
        f"| {one.wording} | {one.percent:.1f} % |"
        for one in records
    )
    total = sum(one.killed + one.survived for one in records)
    return _TEXT.format(percent=overall(records), total=total, files=len(records), rows=rows)


if __name__ == "__main__":
    sys.stdout.write(page(read_record().values()))
