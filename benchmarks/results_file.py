"""Keeps what was measured: one small JSON file a benchmark, with the machine and the day."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.machine import machine
from benchmarks.measurement import Measurement

__all__ = ["FOLDER", "keep"]

FOLDER = Path(__file__).parent / "results"


def keep(
    name: str, results: Sequence[Measurement], *, details: Mapping[str, Any] | None = None, folder: Path = FOLDER
) -> Path:
    """Write a benchmark's results and return the file.

    Parameters
    ----------
    name
        Of the benchmark.
    results
        Its measurements.
    details
        What else is worth keeping, such as series.
    folder
        Where it goes.
    """
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.json"
    content = {
        "benchmark": name,
        "day": datetime.now(UTC).date().isoformat(),
        "machine": machine(),
        "results": [_rounded(asdict(one) | {"ratio": one.ratio, "kept": one.kept}) for one in results],
        "details": _rounded(dict(details or {})),
    }
    path.write_text(json.dumps(content, indent=1) + "\n", "utf-8")
    return path


def _rounded(value: Any) -> Any:
    """Round every number to four digits: more of them say nothing, and make every run look like a change."""
    if isinstance(value, float):
        return float(f"{value:.4g}")
    if isinstance(value, dict):
        return {key: _rounded(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(one) for one in value]
    return value
