"""Draws curves for docs/performance.md. What draws is matplotlib, in an environment of its own."""

import json
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.benchmark import Progress
from benchmarks.lean_environment import lean_environment
from benchmarks.machine import machine

__all__ = ["FOLDER", "Curve", "draw"]

FOLDER = Path(__file__).parents[1] / "docs" / "images"
_SECONDS = 120.0


@dataclass(frozen=True)
class Curve:
    """One curve: its name, and its values."""

    name: str
    values: Sequence[float]


def draw(
    name: str,
    progress: Progress,
    *,
    title: str,
    unit: str,
    rows: Sequence[int],
    curves: Sequence[Curve],
    folder: Path = FOLDER,
) -> Path:
    """Draw values over the number of rows and return the PNG.

    Parameters
    ----------
    name
        Of the file, without its ending.
    progress
        Told what is installed.
    title, unit
        What is drawn, and in what; the machine is added to the title.
    rows, curves
        Numbers of rows, and a value of each curve for each.
    folder
        Where the file goes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path, where = folder / f"{name}.png", machine()
    told = {
        "title": f"{title}\n{where['processor']}, {where['cores']} cores",
        "unit": unit,
        "rows": list(rows),
        "curves": [asdict(curve) for curve in curves],
    }
    with lean_environment("plots", progress) as programs:
        subprocess.run(
            [str(programs / "python"), "-m", "benchmarks.matplotlib_plot", str(path)],
            input=json.dumps(told),
            text=True,
            check=True,
            timeout=_SECONDS,
            cwd=Path(__file__).parents[1],
        )
    return path
