"""The interface between a run and where results come from."""

from decimal import Decimal
from typing import Any, Protocol

from runops_evaluation.gold.recording import GoldRecording
from runops_evaluation.running.run_record import Made

__all__ = ["NotMade", "Source", "Stopped"]


class NotMade(Exception):  # noqa: N818 - says what is the case
    """There is no result of a recording, through no fault of the product. The message says what to do."""


class Stopped(Exception):  # noqa: N818 - says what is the case
    """No recording can be worked on, such as with a rejected key. The message says what to do."""


class Source(Protocol):
    """Obtains results."""

    def made_with(self) -> Made:
        """Return what all results of this run are made with."""
        ...

    def key(self, gold: GoldRecording) -> str | None:
        """Return a hash of everything that a result depends on; None where none can be made, or none is to be kept."""
        ...

    def cost(self, gold: GoldRecording) -> tuple[Decimal | None, tuple[str, ...]]:
        """Return what a recording costs as a rule, in US dollars, and models without a known price."""
        ...

    async def make(self, gold: GoldRecording) -> dict[str, Any]:
        """Return the contents of the result's files, by kind: see `results.files`.

        Raises
        ------
        NotMade, Stopped
            See there.
        """
        ...
