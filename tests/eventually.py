"""Waiting in tests for what comes true by itself."""

import time
from collections.abc import Callable

__all__ = ["eventually"]


def eventually(check: Callable[[], bool], what: str, *, seconds: float = 240.0) -> None:
    """Wait until something is the case; fail with these words where it is not in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if check():
            return
        time.sleep(0.2)
    raise AssertionError(f"within {seconds:.0f} s: {what}")
