"""What the light workers of one run did that would have cost something, and which of it was for nothing.

It lives in the memory of the process that runs them, and so outlives every one of them, as a bill does.
"""

from __future__ import annotations

from collections import Counter
from typing import Literal
from uuid import UUID

Work = Literal["transcode", "transcript", "sop"]
"""What is done once for a video: the transcode, and the two calls that are paid for."""

PAID: frozenset[Work] = frozenset({"transcript", "sop"})


class Ledger:
    """Counts work by video."""

    def __init__(self) -> None:
        self._done: Counter[tuple[UUID, Work]] = Counter()
        self._kept: set[tuple[UUID, Work]] = set()
        self._repeated: Counter[Work] = Counter()
        self._suffered: Counter[UUID] = Counter()

    def did(self, job_id: UUID, work: Work) -> None:
        """Note that work was begun and has cost what it costs."""
        self._done[job_id, work] += 1
        if (job_id, work) in self._kept:
            self._repeated[work] += 1

    def kept(self, job_id: UUID, work: Work) -> None:
        """Note that a checkpoint with this work is in storage: it need not be done again."""
        self._kept.add((job_id, work))

    def suffer(self, job_id: UUID, *, times: int) -> bool:
        """Tell whether this attempt suffers the row's fate, which strikes so often, and count it."""
        if self._suffered[job_id] >= times:
            return False
        self._suffered[job_id] += 1
        return True

    @property
    def repeated_calls(self) -> int:
        """Paid calls made again although their result was kept."""
        return sum(count for work, count in self._repeated.items() if work in PAID)

    @property
    def repeated_transcodes(self) -> int:
        """Transcodes made again although their result was kept."""
        return self._repeated["transcode"]

    @property
    def calls(self) -> int:
        """All paid calls."""
        return sum(count for (_, work), count in self._done.items() if work in PAID)

    @property
    def transcodes(self) -> int:
        """All transcodes."""
        return sum(count for (_, work), count in self._done.items() if work not in PAID)
