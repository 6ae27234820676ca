"""Starts mutmut in a workspace and reads what it left there."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path
from typing import Any

from tests.mutation.verdicts import Change, Verdict, verdict_of

__all__ = ["PROCESSES", "mutant_names", "mutmut", "names_to_try_again", "results"]

_ALIVE = frozenset({Verdict.SURVIVED, Verdict.NO_TEST})
PROCESSES = 2


def mutmut(
    workspace: Path, names: list[str], *, seconds: float, processes: int = PROCESSES, log: Path | None = None
) -> int | None:
    """Run mutmut on some mutants, with one pytest session for all of them (`one_session.py`).

    What it found out before the time is over is kept.

    Parameters
    ----------
    workspace
        Where `prepare` put everything.
    names
        Names of mutants, or patterns of names.
    seconds
        Time limit.
    processes
        Number of mutants tried at the same time.
    log
        Receives what the run prints; None to print it.

    Returns
    -------
    int | None
        Its exit code, which says nothing about survivors; None where the time was over first.
    """
    command = [sys.executable, "-u", "-m", "tests.mutation.one_session", "--processes", str(processes), *names]
    environment = os.environ | {
        "PYTHONPATH": str(workspace),
        # mutmut marks what it generates, and the tests, as modules of the same name in another folder.
        "PY_IGNORE_IMPORTMISMATCH": "1",
        # The order of a set must not decide whether a mutant is killed.
        "PYTHONHASHSEED": "0",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    with contextlib.ExitStack() as stack:
        output = None if log is None else stack.enter_context(log.open("w"))
        process = stack.enter_context(
            subprocess.Popen(
                command, cwd=workspace, env=environment, stdout=output, stderr=output, start_new_session=True
            )
        )
        try:
            return process.wait(max(0.0, seconds))
        except subprocess.TimeoutExpired:
            return None
        finally:
            # Its forks are in the same process group.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def mutant_names(workspace: Path, files: list[str]) -> list[str]:
    """Return the names that mutmut will give to the mutants of some files, in the order of the files."""
    return [name for file in files for name in _generated(workspace, file)[0]]


def names_to_try_again(workspace: Path, files: list[str]) -> list[str]:
    """Return the names of the mutants that no run has killed, or whose function has changed since."""
    again: list[str] = []
    for file in files:
        names, hashes = _generated(workspace, file)
        before = _meta(workspace, file)
        known_hashes, verdicts = before.get("hash_by_function_name", {}), _exit_codes(workspace, file)
        for name in names:
            function = name.rpartition(".")[2].partition("__mutmut_")[0]
            unchanged = known_hashes.get(function) == hashes.get(function)
            if not unchanged or verdict_of(verdicts.get(name)) in _ALIVE | {Verdict.NOT_RUN}:
                again.append(name)
    return again


def results(
    workspace: Path, files: list[str], *, only: frozenset[str] | None = None
) -> Iterator[tuple[Verdict, Change | None]]:
    """Give the verdict of each mutant, and its change where it was not killed.

    Parameters
    ----------
    workspace, files
        Where mutmut worked, and on what.
    only
        Names of the mutants that count; all where None.
    """
    with chdir(workspace):
        for file in files:
            for name, exit_code in _exit_codes(workspace, file).items():
                if only is not None and name not in only:
                    continue
                verdict = verdict_of(exit_code)
                yield verdict, _change(name, file) if verdict in _ALIVE else None


def _generated(workspace: Path, file: str) -> tuple[list[str], dict[str, str]]:
    """Return the names of a file's mutants, and a hash of each function that has some."""
    # mutmut reads its configuration from the working folder when it is imported.
    with chdir(workspace):
        from mutmut.mutation.file_mutation import mutate_file_contents  # noqa: PLC0415
        from mutmut.utils.format_utils import get_mutant_name  # noqa: PLC0415

        mutated = mutate_file_contents(file, Path(file).read_text())
        names = [get_mutant_name(Path(file), name) for name in mutated.mutant_names]
        return names, dict(mutated.hash_by_function_name)


def _exit_codes(workspace: Path, file: str) -> dict[str, int | None]:
    codes: dict[str, int | None] = _meta(workspace, file).get("exit_code_by_key", {})
    return codes


def _meta(workspace: Path, file: str) -> dict[str, Any]:
    path = workspace / "mutants" / f"{file}.meta"
    found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return found


def _change(name: str, file: str) -> Change:
    from mutmut.mutation.diff_apply import get_diff_for_mutant  # noqa: PLC0415
    from mutmut.utils.format_utils import orig_function_and_class_names_from_key  # noqa: PLC0415

    lines = get_diff_for_mutant(name, path=file).splitlines()[2:]
    function, owner = orig_function_and_class_names_from_key(name)
    module = file.removesuffix(".py").replace(os.sep, ".")
    return Change(
        where=f"{module}:{f'{owner}.' if owner else ''}{function}",
        removed=tuple(line[1:].strip() for line in lines if line.startswith("-")),
        added=tuple(line[1:].strip() for line in lines if line.startswith("+")),
    )
