"""Makes recordings, lets the worker's code slim them, and compares the result with what a player shows."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Generator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from tests.media.recordings.compare import differences
from tests.media.recordings.description import Recording
from tests.media.recordings.make import make
from tests.media.recordings.plain import presented
from tests.media.recordings.slim import Refused, Slim, slimmed

__all__ = ["Tried", "try_all", "try_by_processes", "try_one"]

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
        An empty one.
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
        edited=bool(recording.edits),
    )
    return Tried(recording, result, differences(recording, right, result))


async def try_all(recordings: Sequence[Recording]) -> AsyncIterator[Tried]:
    """Try recordings one after the other."""
    for recording in recordings:
        yield await _in_own_folder(recording)


def try_by_processes(recordings: Sequence[Recording], *, processes: int) -> Generator[Tried, None, None]:
    """Try recordings by several processes; yield what became of them in their order, each as it is ready."""
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        try:
            yield from pool.map(_run, recordings)
        finally:
            pool.shutdown(cancel_futures=True)


def _run(recording: Recording) -> Tried:
    return asyncio.run(_in_own_folder(recording))


async def _in_own_folder(recording: Recording) -> Tried:
    with tempfile.TemporaryDirectory() as own:
        return await try_one(recording, Path(own))
