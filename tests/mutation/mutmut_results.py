"""Reads what mutmut left in the workspace."""

import json
import os
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path

from tests.mutation.verdicts import Change, Verdict, verdict_of

__all__ = ["mutant_names", "results"]

_ALIVE = frozenset({Verdict.SURVIVED, Verdict.NO_TEST})


def mutant_names(workspace: Path, files: list[str]) -> list[str]:
    """Return the names that mutmut gave to the mutants of some files, sorted."""
    return sorted(name for file in files for name in _exit_codes(workspace, file))


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


def _exit_codes(workspace: Path, file: str) -> dict[str, int | None]:
    path = workspace / "mutants" / f"{file}.meta"
    if not path.exists():
        return {}
    codes: dict[str, int | None] = json.loads(path.read_text())["exit_code_by_key"]
    return codes


def _change(name: str, file: str) -> Change:
    # mutmut reads its configuration from the working folder when it is imported.
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
