"""Several recordings in one file, one appended to the other, are worked on one after the other.

Many players stop after the first. An app that restarts its recorder uploads such files, and what is said in the second
recording must not get lost.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from runops_worker.media.recording.loss import LossKind
from tests.media.recordings.description import Pace, PictureTrack, Recording, SoundTrack
from tests.media.recordings.make import make
from tests.media.recordings.slim import Refused, Slim, slimmed
from tests.media.recordings.tool import run_ffmpeg

pytestmark = pytest.mark.slow("ffmpeg makes the recordings of each file, slims it and decodes the result")

RATE: Final = 10
# Of a container: codecs of picture and sound, and how ffmpeg writes it once more.
FORMS: Final = {
    "webm": ("webm", "vp8", "libopus", ()),
    "live webm": ("webm", "vp9", "libopus", ("-live", "1", "-f", "webm")),
    "matroska": ("matroska", "h264", "aac", ()),
    "mp4": ("mp4", "h264", "aac", ()),
    "mp4 with its index first": ("mp4", "hevc", "aac", ("-movflags", "+faststart", "-tag:v", "hvc1", "-f", "mp4")),
    "mov": ("mov", "h264", "pcm_s16le", ()),
    "mp4 in pieces": ("fragmented", "h264", "aac", ()),
}


def written(form: str, seconds: float, folder: Path, **screen: object) -> bytes:
    """Return a file whose pictures are numbered from 0."""
    container, codec, sound, again = FORMS[form]
    track = replace(PictureTrack(codec=codec, seconds=seconds, pace=Pace(rate=RATE)), **screen)  # type: ignore[arg-type]
    folder.mkdir()
    path = make(
        Recording(container=container, pictures=(track,), sounds=(SoundTrack(codec=sound, seconds=seconds),)), folder
    )
    if again:
        run_ffmpeg("-i", str(path), "-c", "copy", *again, str(folder / "again"))
        path = folder / "again"
    return path.read_bytes()


def one_behind_the_other(folder: Path, *files: bytes) -> Path:
    path = folder / "glued.mp4"
    path.write_bytes(b"".join(files))
    return path


async def worked_on(path: Path) -> Slim:
    result = await slimmed(path)
    assert isinstance(result, Slim), result
    return result


def shows(slim: Slim, lengths: Sequence[float]) -> None:
    """Assert that it shows one recording after the other, with its sound."""
    begins = [sum(lengths[:place]) for place in range(len(lengths))]
    assert len(slim.pictures) == math.ceil(sum(lengths))
    for second, seen in enumerate(slim.pictures):
        of = max(place for place, begin in enumerate(begins) if begin <= second)
        # A coder's frames make a recording longer by some hundredths of a second.
        assert seen is not None
        assert seen.number == pytest.approx((second - begins[of]) * RATE, abs=1.01), (second, seen)
    for place, tones in enumerate(slim.sound[: int(sum(lengths) * 2)]):
        middle = (place + 0.5) / 2
        of = max(number for number, begin in enumerate(begins) if begin <= middle)
        heard = max(((share, tone) for (_, tone), share in tones.items()), default=(0.0, -1))
        inside = begins[of] + 0.3 < middle < (begins[of] + lengths[of]) - 0.3
        if inside and (middle - begins[of]) % 1 > 0.3:
            assert heard[1] == int(middle - begins[of]), (middle, tones)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("lengths", [(3.5, 2.5), (2.5, 5.5)])
async def test_the_second_follows_the_first(form: str, lengths: tuple[float, ...], tmp_path: Path) -> None:
    files = [written(form, seconds, tmp_path / str(place)) for place, seconds in enumerate(lengths)]
    slim = await worked_on(one_behind_the_other(tmp_path, *files))
    shows(slim, lengths)
    assert slim.losses == ()


@pytest.mark.parametrize("form", ["live webm", "mp4", "mp4 in pieces"])
async def test_three_of_different_sizes(form: str, tmp_path: Path) -> None:
    lengths, sizes = (2.5, 4.3, 2.5), ((64, 48), (192, 144), (96, 72))
    files = [
        written(form, seconds, tmp_path / str(place), size=size)
        for place, (seconds, size) in enumerate(zip(lengths, sizes, strict=True))
    ]
    slim = await worked_on(one_behind_the_other(tmp_path, *files))
    shows(slim, lengths)
    assert slim.size == (192, 144)


@pytest.mark.parametrize("form", ["webm", "mp4"])
async def test_recordings_of_other_codecs_are_refused_by_name(form: str, tmp_path: Path) -> None:
    container, codec = {"webm": ("webm", "vp9"), "mp4": ("mp4", "mpeg4")}[form]
    first = written(form, 2.5, tmp_path / "first")
    (tmp_path / "other").mkdir()
    screen = PictureTrack(codec=codec, seconds=2.5, pace=Pace(rate=RATE))
    sound = SoundTrack(codec=FORMS[form][2], seconds=2.5)
    other = make(Recording(container=container, pictures=(screen,), sounds=(sound,)), tmp_path / "other").read_bytes()
    result = await slimmed(one_behind_the_other(tmp_path, first, other))
    assert isinstance(result, Refused)
    assert result.reason == "TimestampGap"
    assert "starts again after 2.5 s, with other tracks: the file holds 2 recordings." in result.detail


@pytest.mark.parametrize("form", ["live webm", "mp4 with its index first", "mp4 in pieces"])
async def test_a_second_one_that_is_cut_off_is_worked_on_up_to_there(form: str, tmp_path: Path) -> None:
    second = written(form, 5.5, tmp_path / "second")
    glued = one_behind_the_other(tmp_path, written(form, 3.5, tmp_path / "first"), second[: len(second) * 7 // 10])
    slim = await worked_on(glued)
    assert len(slim.losses) == 1, slim.losses
    loss = slim.losses[0]
    assert loss.kind is LossKind.CUT_OFF
    assert 3.5 < loss.start < 9
    assert loss.detail.startswith("Recording 2 of the 2 in the file: The recording")
    shows(replace(slim, sound=[]), (3.5, loss.start - 3.5))


async def test_a_second_one_without_its_index_is_told(tmp_path: Path) -> None:
    second = written("mp4", 5.5, tmp_path / "second")
    slim = await worked_on(
        one_behind_the_other(tmp_path, written("mp4", 3.5, tmp_path / "first"), second[: len(second) // 2])
    )
    assert [loss.detail for loss in slim.losses] == ["The file holds 2 recordings. Number 2 cannot be read."]
    shows(slim, (3.5,))
