"""What the slim video of a recording costs, against the plain ffmpeg command in the same run.

The plain command is `ffmpeg -i in -vf fps=1,scale=-2:720 -crf 32 out.mp4` with the same binary; ours is everything the
worker does in its place. Both are run in turn, and each pair gives a ratio. The median of them stands against its
bound. Beside it stand the ratio of processor time, which other work on the machine disturbs less, the size of the
result, its likeness to what was on the screen at each second, and the memory of worker and ffmpeg together.
"""

import argparse
import datetime as dt
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from benchmarks.measurement import Measurement
from benchmarks.screen_recordings import CLASSES, make
from benchmarks.transcode_runs import Cost, likeness, peak_rss, run_baseline, run_ours
from runops_worker.media.command import binary

__all__ = ["main", "measure"]

_RUNS: Final = 5
_LARGEST_SIZE: Final = 1.0
_LEAST_SSIM: Final = 0.99
_MOST_MEGABYTES: Final = 250.0
_RESULTS: Final = Path(__file__).parent / "results" / "transcode.json"


@dataclass(frozen=True, kw_only=True)
class _Result:
    """The figures of one class; ratios are ours to the baseline's."""

    name: str
    title: str
    bound: float
    wall: float
    wall_least: float
    wall_most: float
    cpu: float
    size: float
    ssim_mean: float
    ssim_least: float
    pictures: int
    peak_megabytes: float
    baseline_wall_seconds: float
    baseline_cpu_seconds: float

    @property
    def broken(self) -> list[str]:
        """Name the promises that were not kept."""
        return [
            *(["time"] if self.wall > self.bound else []),
            *(["size"] if self.size > _LARGEST_SIZE else []),
            *(["likeness"] if self.ssim_mean < _LEAST_SSIM else []),
            *(["memory"] if self.peak_megabytes > _MOST_MEGABYTES else []),
        ]


def main(argv: Sequence[str]) -> int:
    """Run the benchmark from the command line; return 1 where `--check` was given and a promise was not kept."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.transcode", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"classes (default: all): {', '.join(CLASSES)}")
    parser.add_argument("--runs", type=int, default=_RUNS, help=f"pairs of runs for each class (default: {_RUNS})")
    parser.add_argument("--check", action="store_true", help="end with 1 where a promise was not kept")
    parser.add_argument("--cache", type=Path, default=_cache(), help="where the recordings are kept")
    parser.add_argument(
        "--results", type=Path, default=_RESULTS, help="JSON in which the figures of these classes are put"
    )
    arguments = parser.parse_args(argv)
    unknown = set(arguments.names) - set(CLASSES)
    if unknown or arguments.runs < 1:
        parser.error(f"no such class: {', '.join(sorted(unknown))}" if unknown else "at least one run is needed")
    names = arguments.names or list(CLASSES)
    results = _run(names, runs=arguments.runs, cache=arguments.cache, progress=_say)
    print(_table(results))
    _write(results, arguments.results, runs=arguments.runs)
    return 1 if arguments.check and any(result.broken for result in results) else 0


def measure(progress: Callable[[str], None]) -> list[Measurement]:
    """Run all classes and return each one's share of the baseline's wall time beside its bound."""
    return [
        Measurement(
            f"slim video, {one.title}", "%", 100 * one.wall, 100 * one.bound, "bound, of the plain command's time"
        )
        for one in _run(list(CLASSES), runs=_RUNS, cache=_cache(), progress=progress)
    ]


def _run(names: Sequence[str], *, runs: int, cache: Path, progress: Callable[[str], None]) -> list[_Result]:
    recordings = {name: make(name, cache, progress) for name in names}
    results = []
    with tempfile.TemporaryDirectory(prefix="runops-bench-") as scratch:
        folder = Path(scratch)
        theirs, ours = folder / "theirs.mp4", folder / "ours.mp4"
        for name, made in recordings.items():
            with peak_rss() as peak:
                run_ours(made.recording, ours)
            like = likeness(ours, made.shown, folder)
            pairs = [_pair(made.recording, theirs, ours, ours_first=bool(index % 2)) for index in range(runs)]
            progress(f"{name}: {', '.join(f'{own.wall:.1f} to {base.wall:.1f} s' for base, own in pairs)}")
            walls = [own.wall / base.wall for base, own in pairs]
            results.append(
                _Result(
                    name=name,
                    title=CLASSES[name].title,
                    bound=CLASSES[name].bound,
                    wall=statistics.median(walls),
                    wall_least=min(walls),
                    wall_most=max(walls),
                    cpu=statistics.median(own.cpu / base.cpu for base, own in pairs),
                    size=pairs[0][1].written / pairs[0][0].written,
                    ssim_mean=like.mean,
                    ssim_least=like.least,
                    pictures=like.pictures,
                    peak_megabytes=peak[0] / 1e6,
                    baseline_wall_seconds=_median(pairs, lambda cost: cost.wall),
                    baseline_cpu_seconds=_median(pairs, lambda cost: cost.cpu),
                )
            )
    return results


def _pair(recording: Path, theirs: Path, ours: Path, *, ours_first: bool) -> tuple[Cost, Cost]:
    # Each begins every other pair, so that it is not always the same one that finds the file in memory.
    if ours_first:
        own = run_ours(recording, ours)
        return run_baseline(recording, theirs), own
    return run_baseline(recording, theirs), run_ours(recording, ours)


def _median(pairs: Sequence[tuple[Cost, Cost]], figure: Callable[[Cost], float]) -> float:
    return statistics.median(figure(base) for base, _ in pairs)


def _table(results: Sequence[_Result]) -> str:
    head = "| recording | wall | spread | bound | CPU | size | SSIM mean | least | peak RSS | kept |"
    rows = [
        f"| {one.title} | {one.wall:.2f} | {one.wall_least:.2f} to {one.wall_most:.2f} | {one.bound:.2f} "
        f"| {one.cpu:.2f} | {one.size:.2f} | {one.ssim_mean:.4f} | {one.ssim_least:.4f} "
        f"| {one.peak_megabytes:.0f} MB | {'no: ' + ', '.join(one.broken) if one.broken else 'yes'} |"
        for one in results
    ]
    return "\n".join([head, f"|{'---|' * 10}", *rows])


def _write(results: Sequence[_Result], path: Path, *, runs: int) -> None:
    said = {
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "processor": _processor(),
        "processors": os.cpu_count(),
        "load_at_end": round(os.getloadavg()[0], 1),
        "ffmpeg": subprocess.run(
            [binary(), "-version"], capture_output=True, text=True, timeout=60, check=True
        ).stdout.split()[2],
        "runs": runs,
    }
    known = json.loads(path.read_text()) if path.exists() else {}
    for one in results:
        figures = {key: round(value, 4) if isinstance(value, float) else value for key, value in asdict(one).items()}
        known[one.name] = {**figures, "broken": one.broken, **said}
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(known, indent=2) + "\n")


def _processor() -> str:
    found = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return found[1] if found else platform.machine()


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "runops-operator" / "recordings"


def _say(text: str) -> None:
    print(f"   {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
