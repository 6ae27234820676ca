"""How often each fault is made, as `shares.toml` says."""

import tomllib
from pathlib import Path

__all__ = ["SHARES"]


def _read() -> dict[str, float]:
    sections = tomllib.loads(Path(__file__).with_name("shares.toml").read_text("utf-8"))
    return {name: float(share) for section in sections.values() for name, share in section.items()}


SHARES = _read()
"""Share by name of the fault, 0 to 1."""
