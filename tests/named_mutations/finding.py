"""Looks for what is broken while a guard is missing."""

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from tests.named_mutations.mutation import Mutation, TargetLost, applied
from tests.simulation.world import run_world

__all__ = ["Found", "find"]

_ROOT = Path(__file__).parents[2]
_TESTS_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Found:
    """What noticed that a guard is missing.

    Attributes
    ----------
    by
        The simulated world, or a test.
    after
        How many worlds, or that one test.
    words
        What was broken.
    """

    by: str
    after: str
    words: str


def find(mutation: Mutation) -> Found | None:
    """Return what finds a mutation; None where nothing does.

    Raises
    ------
    TargetLost
        The guard is not in the code any more as the mutation knows it.
    """
    if mutation.test is not None:
        words = _failures_of_tests()[mutation.name]
        return None if words is None else Found(mutation.test, "one test", words)
    with applied(mutation):
        for seed in range(mutation.worlds or 0):
            try:
                run_world(seed)
            except Exception as broken:  # noqa: BLE001 - a broken promise, or an error of the broken code
                return Found("the simulated world", f"{seed + 1} worlds", str(broken))
    return None


@lru_cache
def _failures_of_tests() -> dict[str, str | None]:
    """Return why the test of each mutation failed, all of them run in another process; None where it did not."""
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder) / "results.json"
        ran = subprocess.run(
            [sys.executable, "-m", "tests.named_mutations.by_tests", str(results)],
            cwd=_ROOT,
            capture_output=True,
            text=True,
            timeout=_TESTS_SECONDS,
            check=False,
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        found: dict[str, str | None] = json.loads(results.read_text("utf-8"))
    if "lost" in found:
        raise TargetLost(found["lost"])
    return found
