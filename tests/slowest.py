"""Prints docs/slowest-tests.md: the tests that took longest in the last whole run. `make slowest` writes the page."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from xml.etree import ElementTree as ET

from tests.costs import CPU_SECONDS, REASON, SESSION_END_SECONDS, SET_UP_SECONDS

__all__ = ["Cost", "costs_of", "page"]

RESULTS = Path(__file__).parents[1] / ".test-results" / "junit.xml"
_LISTED = 20
_PAGE = """\
# The slowest tests

`make test` measures each test; `make slowest` writes this page from its last run. Measured on {day} on {machine}:
{count} tests in {minutes:.1f} minutes.

Seconds are wall-clock seconds. What several tests share (a cluster, a stack, an installed release, a built image) is
counted for the first of them, as set-up. CPU seconds do not include those of the cluster, the stack and of forked
operators and workers: where they are far below the seconds, the test waits for something outside its process.

| Test | Seconds | Set-up | CPU seconds | Why it costs this much |
|---|---:|---:|---:|---|
{rows}
"""


@dataclass(frozen=True)
class Cost:
    """What one test cost.

    Attributes
    ----------
    test
        File and name.
    seconds
        Wall-clock seconds from the start of its set-up to the end of its tear-down, without the end of what all tests
        of the process shared.
    set_up
        Wall-clock seconds of its set-up.
    cpu
        CPU seconds, see `tests.costs`.
    reason
        Argument of its mark `slow`; empty where it has none.
    """

    test: str
    seconds: float
    set_up: float
    cpu: float
    reason: str


def costs_of(suite: ET.Element) -> list[Cost]:
    """Return what the tests of a JUnit file's suite cost, the slowest first."""
    found = []
    for case in suite.iter("testcase"):
        properties = {one.get("name"): one.get("value") or "" for one in case.iter("property")}
        if CPU_SECONDS in properties:
            file = str(case.get("classname")).replace(".", "/") + ".py"
            found.append(
                Cost(
                    test=f"{file}::{case.get('name')}",
                    seconds=float(case.get("time") or 0) - float(properties.get(SESSION_END_SECONDS) or 0),
                    set_up=float(properties[SET_UP_SECONDS]),
                    cpu=float(properties[CPU_SECONDS]),
                    reason=properties.get(REASON, ""),
                )
            )
    return sorted(found, key=lambda cost: -cost.seconds)


def page(suite: ET.Element) -> str:
    """Return the page for a suite.

    Raises
    ------
    ValueError
        A test that would be listed does not say why it is slow.
    """
    listed = costs_of(suite)[:_LISTED]
    if unexplained := [cost.test for cost in listed if not cost.reason]:
        raise ValueError("each of these tests needs @pytest.mark.slow('why'):\n  " + "\n  ".join(unexplained))
    return _PAGE.format(
        day=datetime.fromisoformat(str(suite.get("timestamp"))).date(),
        machine=f"{os.cpu_count()} cores ({platform.machine()}), Linux, Python {platform.python_version()}",
        count=suite.get("tests"),
        minutes=float(suite.get("time") or 0) / 60,
        rows="\n".join(_rows(listed)),
    )


def _rows(costs: Iterable[Cost]) -> Iterable[str]:
    for cost in costs:
        file, _, name = cost.test.partition("::")
        shown = f"`{file.removeprefix('tests/')}` `{name}`".replace("|", "\\|")
        yield f"| {shown} | {cost.seconds:.0f} | {cost.set_up:.0f} | {cost.cpu:.0f} | {cost.reason} |"


def main() -> int:
    """Print the page of the last run."""
    if not RESULTS.exists():
        sys.stderr.write(f"{RESULTS.relative_to(Path.cwd())} is missing: run `make test` first\n")
        return 1
    suite = ET.parse(RESULTS).getroot().find("testsuite")  # noqa: S314 - our own file
    assert suite is not None
    try:
        sys.stdout.write(page(suite))
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
