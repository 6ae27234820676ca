"""Tones that tell the second and the track, written and read back. Pure.

Each second of a track has one of sixteen tones; three tracks have different ones.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator
from functools import cache
from operator import add, mul
from typing import Final

__all__ = ["HEARD_RATE", "TOLD_RATE", "WINDOWS_PER_SECOND", "heard", "told"]

TOLD_RATE: Final = 16_000
"""Samples per second of the tones as they are written."""

HEARD_RATE: Final = 4_000
"""Samples per second at which they are read back."""

WINDOWS_PER_SECOND: Final = 2

_TONES: Final = 16
_TRACKS: Final = 3
# Whole periods fit into 32 ms, and into the 128 ms in which a tone is looked for.
_STEP: Final = 31.25
_LOWEST: Final = 8
_PERIOD: Final = TOLD_RATE * 32 // 1000
_WINDOW: Final = HEARD_RATE * 128 // 1000
_HEARD_PERIOD: Final = HEARD_RATE * 32 // 1000
_FAINTEST: Final = 4.0


def _frequency(track: int, second: int) -> float:
    return (_LOWEST + track * _TONES + second % _TONES) * _STEP


def told(track: int, *, seconds: float, level: float) -> array[int]:
    """Return the samples of one channel, signed 16 bits."""
    samples = array("h")
    for second in range(math.ceil(seconds)):
        samples.extend((_period(_frequency(track, second), level) * 32)[:TOLD_RATE])
    return samples[: round(seconds * TOLD_RATE)]


@cache
def _period(frequency: float, level: float) -> array[int]:
    loud = 32_000 * 10 ** (-level / 20)
    return array("h", [round(loud * math.sin(math.tau * frequency * n / TOLD_RATE)) for n in range(_PERIOD)])


def heard(samples: array[int]) -> list[dict[tuple[int, int], float]]:
    """Return what is heard in each half second of one channel: (track, second modulo 16) -> share of the power.

    Parameters
    ----------
    samples
        Signed 16 bits, at `HEARD_RATE`.
    """
    padded = samples + array("h", bytes(2 * _WINDOW))
    return [_tones(padded[place : place + _WINDOW]) for place in _places(len(samples))]


def _places(length: int) -> Iterator[int]:
    stride = HEARD_RATE // WINDOWS_PER_SECOND
    begin = (stride - _WINDOW) // 2
    return iter(range(begin, length, stride))


def _tones(samples: array[int]) -> dict[tuple[int, int], float]:
    power = sum(map(mul, samples, samples))
    if power < _FAINTEST * len(samples):
        return {}
    # All tones repeat after 32 ms. So the parts of this length are added up first, which gives the same sums.
    folded = list(samples[:_HEARD_PERIOD])
    for begin in range(_HEARD_PERIOD, len(samples), _HEARD_PERIOD):
        folded = list(map(add, folded, samples[begin : begin + _HEARD_PERIOD]))
    shares = {}
    for track in range(_TRACKS):
        for second in range(_TONES):
            cosine, sine = _waves(_frequency(track, second))
            size = sum(map(mul, folded, cosine)) ** 2 + sum(map(mul, folded, sine)) ** 2
            shares[track, second] = 2 * size / (power * len(samples))
    return {tone: share for tone, share in shares.items() if share > 0.01}


@cache
def _waves(frequency: float) -> tuple[list[float], list[float]]:
    angles = [math.tau * frequency * n / HEARD_RATE for n in range(_HEARD_PERIOD)]
    return [math.cos(angle) for angle in angles], [math.sin(angle) for angle in angles]
