"""Results that are there already: files in a folder."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from runops_evaluation.gold.recording import GoldRecording
from runops_evaluation.results.files import KINDS, ResultMissing, ResultUnreadable, read_result
from runops_evaluation.running.run_record import Made, RunUnreadable, read_run
from runops_evaluation.running.source import NotMade

__all__ = ["FinishedResults"]


class FinishedResults:
    """Takes results from a folder, such as one that was filled by hand from tables and bucket, or an earlier run.

    Parameters
    ----------
    folder
        With files as in `results.files`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def made_with(self) -> Made:
        """Return what the folder's own record says; the folder's name where it has none."""
        try:
            return read_run(self._folder).made
        except RunUnreadable:
            return Made(source=f"folder {self._folder.name}")

    def key(self, gold: GoldRecording) -> None:  # noqa: ARG002 - the interface's
        """Keep nothing: the files are there."""
        return

    def cost(self, gold: GoldRecording) -> tuple[Decimal | None, tuple[str, ...]]:  # noqa: ARG002 - the interface's
        """Cost nothing."""
        return Decimal(0), ()

    async def make(self, gold: GoldRecording) -> dict[str, Any]:
        """Return the contents of the files.

        Raises
        ------
        NotMade
            A file is missing or cannot be read.
        """
        try:
            read_result(self._folder, gold.name)
        except (ResultMissing, ResultUnreadable) as error:
            raise NotMade(str(error)) from error
        paths = {kind: self._folder / f"{gold.name}.{kind}.json" for kind in KINDS}
        return {kind: json.loads(path.read_bytes()) for kind, path in paths.items() if path.exists()}
