"""What the slim video of x264's defaults costs, by what the recording shows, against the plain ffmpeg command.

As in `transcode`, but of processor time, two minutes of 1080p30 each. The share hangs on how many pictures others
refer to: these must be decoded, whatever else is done. So beside each share stands the least that it could be: decoding
these pictures alone, and doing nothing with them.
"""

import statistics
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.benchmark import Outcome, Progress
from benchmarks.measurement import Measurement
from benchmarks.screen_contents import CONTENTS, make_content
from benchmarks.screen_recordings import RECORDINGS
from benchmarks.transcode_runs import Cost, decode_needed, run_baseline, run_ours

__all__ = ["measure"]


@dataclass(frozen=True, kw_only=True)
class _Result:
    """The figures of one content.

    Attributes
    ----------
    pairs
        Processor time, ours and the baseline's, in seconds.
    wall
        Ours to the baseline's; the median.
    decoded
        Share of the pictures that must be decoded.
    least
        Processor time of decoding these alone, as a share of the baseline's.
    size
        Ours to the baseline's.
    """

    name: str
    pairs: tuple[tuple[float, float], ...]
    wall: float
    decoded: float
    least: float
    size: float


def measure(*, runs: int, progress: Progress) -> Outcome:
    """Run all contents and return what is promised of each."""
    results = [_run(name, runs=runs, progress=progress) for name in CONTENTS]
    promised = [
        Measurement.of_pairs(
            f"slim video, {CONTENTS[one.name].title}",
            "s of CPU",
            one.pairs,
            against=f"plain ffmpeg; decoding alone {one.least:.2f}",
            bound=CONTENTS[one.name].bound,
        )
        for one in results
    ]
    return Outcome(promised, {"contents": [asdict(one) for one in results]})


def _run(name: str, *, runs: int, progress: Progress) -> _Result:
    recording = make_content(name, RECORDINGS, progress)
    with tempfile.TemporaryDirectory(prefix="runops-bench-") as scratch:
        folder = Path(scratch)
        ours, theirs, needed = [], [], []
        for index in range(runs):
            # Each begins every other pair, so that it is not always the same one that finds the file in memory.
            if index % 2:
                ours.append(run_ours(recording, folder / "ours.mp4"))
            theirs.append(run_baseline(recording, folder / "theirs.mp4"))
            if not index % 2:
                ours.append(run_ours(recording, folder / "ours.mp4"))
            needed.append(decode_needed(recording, folder))
    pairs = tuple((own.cpu, base.cpu) for own, base in zip(ours, theirs, strict=True))
    progress(f"{name}: {', '.join(f'{own / base:.2f}' for own, base in pairs)}")
    return _Result(
        name=name,
        pairs=pairs,
        wall=_median(ours, theirs),
        decoded=needed[0][0],
        least=statistics.median(seconds / base.cpu for (_, seconds), base in zip(needed, theirs, strict=True)),
        size=ours[0].written / theirs[0].written,
    )


def _median(ours: list[Cost], theirs: list[Cost]) -> float:
    return statistics.median(own.wall / base.wall for own, base in zip(ours, theirs, strict=True))
