"""Bytes without meaning, the same each time."""

import random

__all__ = ["noise"]


def noise(seed: int, length: int) -> bytes:
    """Return that many bytes."""
    return random.Random(seed).randbytes(length)  # noqa: S311 - the same damage each time is the point
