"""The formula that drops packets, run by ffmpeg."""

import random
import subprocess
from pathlib import Path

import imageio_ffmpeg
import pytest

from devstack import media_corpus
from runops_worker.media.transcode.packet_filter import dropping

PACKETS = 2000


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("many") / "many.mp4"
    media_corpus.ffmpeg(
        *("-f", "lavfi", "-i", "color=size=16x16:rate=50", "-frames:v", str(PACKETS), "-c:v", "mpeg4", str(path))
    )
    return path


def left_by(formula: str, source: Path, folder: Path) -> list[int]:
    file = folder / "formula"
    file.write_text(formula)
    ended = subprocess.run(
        [
            *(imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-/bsf:V:0", str(file), "-i", str(source)),
            *("-map", "0:V:0", "-c", "copy", "-copyinkf", "-f", "framecrc", "-"),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert not ended.stderr
    lines = [line.split(",") for line in ended.stdout.splitlines() if not line.startswith("#")]
    unit = int(lines[0][3])
    return [int(fields[2]) // unit for fields in lines]


def drawn(length: int, share: float) -> list[int]:
    draw = random.Random(length)  # noqa: S311 - the same choice each time
    # The last one is kept, so that ffmpeg has something to write.
    return [*(int(draw.random() < share) for _ in range(length - 1)), 1]


@pytest.mark.parametrize(
    "keep",
    [
        *(pytest.param(drawn(length, 0.4), id=f"{length}") for length in (1, 2, 47, 48, 49, 96, 97, 1500, PACKETS)),
        pytest.param(drawn(PACKETS, 0.02), id="few"),
        pytest.param(drawn(PACKETS, 0.98), id="nearly-all"),
        pytest.param([1] * PACKETS, id="all"),
        pytest.param([0] * 1999 + [1], id="the-last"),
    ],
)
def test_ffmpeg_keeps_exactly_the_marked_packets(keep: list[int], many: Path, tmp_path: Path) -> None:
    behind = range(len(keep), PACKETS)
    assert left_by(dropping(keep), many, tmp_path) == [*(index for index, one in enumerate(keep) if one), *behind]


def test_a_recording_of_two_hours_gives_a_formula_of_bounded_size() -> None:
    formula = dropping(drawn(2 * 3600 * 60, 0.4))
    assert len(formula) < 1024**2
    depth = highest = 0
    for character in formula:
        depth += {"(": 1, ")": -1}.get(character, 0)
        highest = max(highest, depth)
    # ffmpeg refuses a formula that is nested a hundred deep.
    assert depth == 0
    assert highest < 40
