"""What every benchmark's `measure(*, runs, progress)` returns."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.measurement import Measurement

__all__ = ["Outcome", "Progress"]

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Outcome:
    """Measurements, and what else is worth keeping of them."""

    results: Sequence[Measurement]
    details: Mapping[str, Any] = field(default_factory=dict)
