"""Runs, in one process, each test that the table names, while its guard is missing; writes what failed as JSON."""

import json
import logging
import sys
from pathlib import Path

import pytest

from tests.named_mutations.mutation import TargetLost, applied
from tests.named_mutations.table import MUTATIONS


class _Failures:
    """Remembers why the first test failed."""

    def __init__(self) -> None:
        self.words: str | None = None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take in a test's result."""
        if report.failed and report.when == "call" and self.words is None:
            lines = str(report.longrepr).splitlines()
            self.words = next((line[1:].strip() for line in lines if line.startswith("E ")), "failed")


def main(results: Path) -> None:
    """Write a JSON object: why each mutation's test failed, null where it did not."""
    logging.disable(logging.NOTSET)
    found: dict[str, str | None] = {}
    for mutation in MUTATIONS:
        if mutation.test is None:
            continue
        failures = _Failures()
        try:
            with applied(mutation):
                pytest.main(
                    ["-q", "-x", "-p", "no:randomly", "-p", "no:cacheprovider", mutation.test], plugins=[failures]
                )
        except TargetLost as lost:
            results.write_text(json.dumps({"lost": str(lost)}), "utf-8")
            return
        found[mutation.name] = failures.words
    results.write_text(json.dumps(found), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
