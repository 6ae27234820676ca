"""Output of the demo."""

import threading
import time

__all__ = ["Console"]


class Console:
    """Prints lines with the seconds since the start. Several threads may print."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._lock = threading.Lock()

    def step(self, text: str) -> None:
        """Print a line with the seconds since the start."""
        with self._lock:
            print(f"[{time.monotonic() - self._started:5.0f} s] {text}", flush=True)

    def heading(self, text: str) -> None:
        """Print a heading."""
        with self._lock:
            print(f"\n=== {text}", flush=True)
