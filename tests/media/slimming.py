"""Slim videos of recordings by their coding, made once for all tests of a module that compare them with others."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from devstack.media_corpus.codings import make_coding
from runops_worker.media.limits import Limits
from runops_worker.media.probe.examine import Examined, examine
from runops_worker.media.sandbox.ffmpeg import hardened
from runops_worker.media.sandbox.run_tool import Allowance, Reach, run_tool
from runops_worker.media.transcode.chunks import Chunk
from runops_worker.media.transcode.growing_slim import GrowingSlim
from runops_worker.media.transcode.slim_video import SlimVideo
from runops_worker.media.transcode.transcode import transcode

__all__ = ["CODED_HEIGHT", "FIRST", "LIMITS", "Coded", "Codings", "Watching", "boxes", "packets", "slimmed"]

LIMITS = Limits()
CODED_HEIGHT = 48
"""Of the slim videos of `Codings`: their recordings are larger."""
FIRST = Chunk(0, 0.0, 300.0)
_ALLOWANCE = Allowance(seconds=60, memory_bytes=LIMITS.max_memory_bytes, file_bytes=1024**2)


class Watching:
    """Takes note of each run and cuts the first piece of the last one; looks what is on disk then."""

    def __init__(self, source: Path) -> None:
        self.source = source
        self.runs: list[bool] = []
        self.same_content: list[bool] = []
        self.cutting: list[asyncio.Task[None]] = []
        self.piece = source.with_name("piece.mp4")
        self.seen: list[set[str]] = []

    async def begun(self, video: GrowingSlim, *, whole: bool, same_content: bool) -> None:
        self.same_content.append(same_content)
        for task in self.cutting:
            task.cancel()
        self.runs.append(whole)
        self.cutting.append(asyncio.ensure_future(video.cut(FIRST, self.piece)))

    async def accepted(self) -> None:
        self.seen.append({path.name for path in self.source.parent.iterdir()})
        self.source.unlink()


async def slimmed(
    source: Path,
    examined: Examined,
    target: Path,
    *,
    fps: int = 1,
    height: int = 90,
    crf: int = 32,
    watcher: Watching | None = None,
    limits: Limits = LIMITS,
) -> SlimVideo:
    return await transcode(
        source,
        target,
        examined=examined,
        fps=fps,
        height=height,
        crf=crf,
        limits=limits,
        on_progress=lambda _share: None,
        watcher=watcher,
    )


async def packets(path: Path) -> dict[str, list[str]]:
    """Every coded picture and piece of sound with its times, length and checksum, by stream."""
    found: dict[str, list[str]] = {"0": [], "1": []}

    def take(line: str) -> None:
        if not line.startswith("#"):
            found[line[0]].append(line)

    outcome = await run_tool(
        [
            *hardened(path, demuxer="mov", max_pixels=LIMITS.max_pixels, input_options=("-copyts",)),
            *("-v", "error", "-map", "0", "-c", "copy", "-f", "framecrc", "-"),
        ],
        allowance=_ALLOWANCE,
        reach=Reach(reads=(path,)),
        on_stdout=take,
    )
    assert outcome.returncode == 0
    return found


def boxes(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Name, begin and end of each outer box of an MP4."""
    at = 0
    while at < len(data):
        size, name = struct.unpack(">I4s", data[at : at + 8])
        yield name, at, at + size
        at += size


@dataclass(frozen=True)
class Coded:
    """A recording and its slim video, which was written at once.

    Attributes
    ----------
    ways
        How each run of the transcode decoded: `selected` or `whole`.
    packets
        Of the slim video.
    """

    source: Path
    examined: Examined
    slim: SlimVideo
    ways: list[str]
    packets: dict[str, list[str]]


@dataclass
class Codings:
    """Makes each recording with its slim video when it is first asked for."""

    folder: Path
    made: dict[str, Coded] = field(default_factory=dict)

    async def coded(self, name: str, ways: list[str]) -> Coded:
        """Return a recording by its coding.

        Parameters
        ----------
        name
            Of the coding.
        ways
            Gets a line for each run of the transcode, as long as this test runs.
        """
        if name not in self.made:
            folder = self.folder / name
            folder.mkdir()
            source = make_coding(name, folder)
            examined = await examine(source, limits=LIMITS)
            runs = len(ways)
            slim = await slimmed(source, examined, folder / "selected.mp4", height=CODED_HEIGHT)
            found = await packets(slim.path)
            left = {path.name for path in folder.iterdir()}
            assert left == {source.name, "selected.mp4"}
            self.made[name] = Coded(source, examined, slim, ways[runs:], found)
        return self.made[name]
