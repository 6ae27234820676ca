"""Makes recordings, lets the worker's code slim them, and compares the result with what a player shows."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.media.recordings.compare import differences
from tests.media.recordings.description import Recording
from tests.media.recordings.make import make
from tests.media.recordings.plain import presented
from tests.media.recordings.slim import Refused, Slim, slimmed

__all__ = ["Tried", "try_all", "try_one"]

_DEMUXERS: Final = {"mp4": "mov", "mov": "mov", "fragmented": "mov", "webm": "matroska"}


@dataclass(frozen=True)
class Tried:
    """What became of a recording.

    Attributes
    ----------
    recording
        The recording.
    result
        The slim video, or why it was refused.
    wrong
        Each difference from what a player shows and plays, or an unfounded refusal.
    """

    recording: Recording
    result: Slim | Refused
    wrong: list[str]


async def try_one(recording: Recording, folder: Path) -> Tried:
    """Try a recording.

    Parameters
    ----------
    recording
        The recording.
    folder
        An empty one. What several recordings share goes into its parent.
    """
    path = await asyncio.to_thread(make, recording, folder)
    result = await slimmed(path)
    demuxer = _DEMUXERS.get(recording.container, recording.container)
    right = await asyncio.to_thread(
        presented,
        path,
        demuxer=demuxer,
        screen=recording.screen,
        sounds=len(recording.sounds),
        damaged=recording.damage is not None,
    )
    return Tried(recording, result, differences(recording, right, result))


async def try_all(recordings: Sequence[Recording], *, at_once: int = 1) -> AsyncIterator[Tried]:
    """Try recordings, in their order.

    Parameters
    ----------
    recordings
        The recordings.
    at_once
        How many are worked on at the same time.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for place in range(0, len(recordings), at_once):
            batch = recordings[place : place + at_once]
            for tried in await asyncio.gather(*(_in_own_folder(one, folder) for one in batch)):
                yield tried


async def _in_own_folder(recording: Recording, folder: Path) -> Tried:
    with tempfile.TemporaryDirectory(dir=folder) as own:
        return await try_one(recording, Path(own))
