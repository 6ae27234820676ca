"""Where progress goes."""

from typing import Protocol

from runops.progress import Stage

__all__ = ["FanOut", "ProgressSink"]


class ProgressSink(Protocol):
    """Receives progress."""

    async def report(self, stage: Stage, percent: int) -> None:
        """Receive the stage and the percentage of the whole.

        Raises
        ------
        Failed
            `ClaimLost` where the row is no longer held under the claim.
        """
        ...


class FanOut:
    """Reports to several sinks, one after the other.

    Parameters
    ----------
    sinks
        The first one that raises ends the report.
    """

    def __init__(self, *sinks: ProgressSink) -> None:
        self._sinks = sinks

    async def report(self, stage: Stage, percent: int) -> None:
        """Report to each sink."""
        for sink in self._sinks:
            await sink.report(stage, percent)
