"""Recordings drawn at random: each second shows and plays what a player does. More of them: `recordings`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.media.recordings.compare import differences
from tests.media.recordings.description import Pace, PictureTrack, Recording, SoundTrack
from tests.media.recordings.drawing import drawn
from tests.media.recordings.make import make
from tests.media.recordings.plain import presented
from tests.media.recordings.slim import Slim, slimmed
from tests.media.recordings.tried import try_all

COUNT, PARTS, SEED = 100, 4, 11


@pytest.fixture(scope="module")
def recordings() -> list[Recording]:
    return drawn(COUNT, number=SEED)


@pytest.mark.slow("ffmpeg makes, slims and decodes a hundred recordings")
@pytest.mark.parametrize("part", range(PARTS))
async def test_a_slim_video_shows_and_plays_what_a_player_does(part: int, recordings: list[Recording]) -> None:
    numbers = range(part, COUNT, PARTS)
    tried = [one async for one in try_all([recordings[number] for number in numbers])]
    wrong = {
        f"python -m tests.media.recordings --seed {SEED} --count {COUNT} --only {number}": one.wrong
        for number, one in zip(numbers, tried, strict=True)
        if one.wrong
    }
    assert wrong == {}
    assert sum(isinstance(one.result, Slim) for one in tried) > len(tried) * 0.8, "few are damaged"


async def test_what_is_not_as_a_player_shows_it_is_noticed(tmp_path: Path) -> None:
    screen = PictureTrack(seconds=5.0, pace=Pace(rate=10))
    recording = Recording(pictures=(screen,), sounds=(SoundTrack(seconds=5.0),))
    (tmp_path / "own").mkdir()
    path = make(recording, tmp_path / "own")
    slim = await slimmed(path)
    right = presented(path, demuxer="mov", screen=0, sounds=1)
    assert isinstance(slim, Slim)
    assert differences(recording, right, slim) == []
    changed = {
        "late pictures": replace(slim, pictures=[slim.pictures[0], *slim.pictures[:-1]]),
        "another picture": replace(slim, pictures=[*slim.pictures[:-1], slim.pictures[0]]),
        "turned": replace(slim, pictures=[seen and replace(seen, turns=1) for seen in slim.pictures]),
        "another track": replace(slim, pictures=[seen and replace(seen, track=1) for seen in slim.pictures]),
        "unreadable": replace(slim, pictures=[None, *slim.pictures[1:]]),
        "a picture is missing": replace(slim, pictures=slim.pictures[:-1]),
        "pictures too many": replace(slim, pictures=[*slim.pictures, *slim.pictures]),
        "small": replace(slim, size=(48, 36)),
        "no sound": replace(slim, has_sound=False),
        "early sound": replace(slim, sound=slim.sound[2:]),
        "late sound": replace(slim, sound=[{}, *slim.sound]),
        "short sound": replace(slim, sound=slim.sound[:-2]),
        "silent": replace(slim, sound=[{} for _ in slim.sound]),
    }
    assert [name for name, one in changed.items() if not differences(recording, right, one)] == []
