"""A few mutants, drawn by the commit, within three minutes: CI runs this."""

import random
import shutil
import sys
import time

from tests.mutation.mutmut_run import mutant_names, mutmut, results
from tests.mutation.report import write_changes, write_score
from tests.mutation.verdicts import Change, score
from tests.mutation.workspace import WORKSPACE_OF_SAMPLE, prepare

__all__ = ["SAMPLE_FILES", "SAMPLE_SECONDS", "SAMPLE_SIZE", "draw_files", "judge", "run_sample"]

SAMPLE_SECONDS = 180
SAMPLE_FILES = 5
SAMPLE_SIZE = 120
_LINES_SHOWN = 60
"""Of what mutmut printed, where it failed."""


def draw_files(recorded: list[str], seed: str) -> list[str]:
    """Return the files of a sample: the same for the same seed."""
    chance = random.Random(seed)  # noqa: S311 - not a secret
    return sorted(chance.sample(sorted(recorded), min(SAMPLE_FILES, len(recorded))))


def run_sample(recorded: list[str], *, listed: frozenset[Change], seed: str) -> int:
    """Try some mutants of a few files. Mutating all files would take longer than trying the sample.

    Parameters
    ----------
    recorded
        Files whose list of survivors is complete. The sample is drawn from these.
    listed
        Mutants that may survive.
    seed
        What the sample is drawn by.

    Returns
    -------
    int
        1 where a mutant survived that is not listed, 2 where mutmut itself failed, else 0. That time ran out is no
        failure.
    """
    end = time.monotonic() + SAMPLE_SECONDS
    files = draw_files(recorded, seed)
    if not files:
        sys.stderr.write("No file has a complete record, so there is nothing to draw from.\n")
        return 2
    sys.stdout.write(f"sample of {', '.join(files)} (seed {seed})\n")
    shutil.rmtree(WORKSPACE_OF_SAMPLE, ignore_errors=True)
    workspace = prepare(WORKSPACE_OF_SAMPLE, files)
    names = mutant_names(workspace, files)
    drawn = random.Random(seed).sample(names, min(SAMPLE_SIZE, len(names)))  # noqa: S311 - not a secret
    sys.stdout.flush()
    log = workspace / "mutmut.log"
    exit_code = mutmut(workspace, drawn, seconds=end - time.monotonic(), log=log)
    if exit_code:
        sys.stderr.write("".join(log.read_text(errors="replace").splitlines(keepends=True)[-_LINES_SHOWN:]))
    counted = score(results(workspace, files, only=frozenset(drawn)), equivalent=frozenset())
    tried = counted.killed + len(counted.survivors) + counted.wording
    write_score(counted)
    sys.stdout.write(f"{tried} of {len(drawn)} drawn mutants were tried{' in the time' if exit_code is None else ''}\n")
    unlisted = [change for change in counted.survivors if change not in listed]
    write_changes("Survivors that are not listed (write the missing test, or argue that it is equivalent):", unlisted)
    return judge(exit_code, unlisted)


def judge(exit_code: int | None, unlisted: list[Change]) -> int:
    """Return the exit code of a sample.

    Parameters
    ----------
    exit_code
        That of mutmut; None where its time was over. A busy machine tries fewer mutants, which is not a failure.
    unlisted
        Survivors that are not listed.
    """
    if unlisted:
        return 1
    if exit_code:
        sys.stderr.write("mutmut failed; it says why above.\n")
        return 2
    return 0
