"""Recordings that were appended to one another in one file, read as one: the second begins where the first one ends.

Each is read by itself first, for its length and its tracks. ffmpeg then reads them one after the other by a list, as
tracks of the same number. So it can join only recordings whose tracks are of the same kinds and codecs.
"""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from runops_worker.media.errors import MediaRejected
from runops_worker.media.limits import Limits
from runops_worker.media.probe.cut_off import cut_off
from runops_worker.media.probe.input_summary import InputSummary
from runops_worker.media.probe.magic import HEAD_BYTES, demuxer_for
from runops_worker.media.probe.packets import ALL_TRACKS, PACKET_LIST, PacketReport
from runops_worker.media.probe.parts import MOST_PARTS, Part, parts_of
from runops_worker.media.recording.loss import Loss, LossKind
from runops_worker.media.sandbox.ffmpeg import hardened, part_list
from runops_worker.media.sandbox.run_tool import Allowance, Reach, run_tool
from runops_worker.media.wording import seconds_text

__all__ = ["Joined", "PartRead", "join", "joined_parts"]

_FILE_BYTES: Final = 1024**2
_STREAM: Final = re.compile(r"  Stream #0:\d+[^:]*: (\w+): (\w+)")
# A recording that is written in pieces may repeat its header. Its times go on.
_GOES_ON_SECONDS: Final = 1.0


@dataclass
class PartRead:
    """What was read of one recording in a file.

    Attributes
    ----------
    part
        Where it is in the file.
    summary, packets
        What ffmpeg printed.
    layout
        Kind and codec of each track, in the order of the file.
    """

    part: Part
    summary: InputSummary = field(default_factory=InputSummary)
    packets: PacketReport = field(default_factory=PacketReport)
    layout: list[tuple[str, str]] = field(default_factory=list)
    _listed: bool = False

    def take(self, line: str) -> None:
        """Read one line of standard error."""
        self.summary.take(line)
        self._listed |= line.startswith(("Stream mapping:", "Output #0"))
        if not self._listed and (match := _STREAM.match(line)):
            self.layout.append((match[1], match[2]))


@dataclass(frozen=True)
class Joined:
    """Recordings in one file that are worked on as one.

    Attributes
    ----------
    demuxer
        A key of `CONTAINERS`.
    parts
        For each, as `part_list` takes it: first byte, end, length in seconds.
    losses
        What is lost of them. Seconds of all together.
    """

    demuxer: str
    parts: tuple[tuple[int, int, float], ...]
    losses: tuple[Loss, ...]


def join(reads: Sequence[PartRead], *, demuxer: str) -> Joined | None:
    """Decide how the recordings of a file are worked on. Pure.

    Parameters
    ----------
    reads
        Each of them.
    demuxer
        A key of `CONTAINERS`.

    Returns
    -------
    Joined | None
        None if they are one recording whose times go on, or if the first one cannot be read. The file is then treated
        like any other.

    Raises
    ------
    MediaRejected
        TimestampGap: they cannot be joined.
    """
    first = reads[0]
    if not first.packets.video.packets or _go_on(reads):
        return None
    found: list[tuple[int, int, float]] = []
    losses: list[Loss] = []
    at = 0.0
    for number, read in enumerate(reads, 1):
        seconds = read.packets.duration
        if not read.packets.video.packets:
            detail = f"The file holds {len(reads)} recordings. Number {number} cannot be read."
            losses.append(Loss(LossKind.CUT_OFF, detail, start=at))
            continue
        if read.layout != first.layout:
            raise MediaRejected(
                "TimestampGap",
                f"The recording starts again after {seconds_text(at)}, with other tracks: the file holds {len(reads)} "
                "recordings. Join them with a video editor, or upload each.",
            )
        cut = cut_off(read.summary, read.packets)
        if cut is not None:
            losses.append(_later(cut.loss, by=at, of=f"Recording {number} of the {len(reads)} in the file"))
        found.append((*read.part, seconds))
        at += seconds
    return Joined(demuxer, tuple(found), tuple(losses))


def _go_on(reads: Sequence[PartRead]) -> bool:
    """Return whether the times of each recording follow those of the one before."""
    ends = [read.packets.start + read.packets.duration for read in reads]
    return all(
        read.packets.start > end - _GOES_ON_SECONDS and read.packets.start > _GOES_ON_SECONDS
        for read, end in zip(reads[1:], ends, strict=False)
    )


def _later(loss: Loss, *, by: float, of: str) -> Loss:
    end = None if loss.end is None else loss.end + by
    return replace(loss, detail=f"{of}: {loss.detail}", start=loss.start + by, end=end)


async def joined_parts(path: Path, *, limits: Limits) -> Joined | None:
    """Find the recordings in a file and decide how they are worked on.

    Parameters
    ----------
    path
        The file.
    limits
        What is accepted.

    Returns
    -------
    Joined | None
        None if there is one recording, as in nearly every file.

    Raises
    ------
    MediaRejected
        TimestampGap: there are several, and they cannot be joined. Or the file is no recording, see `demuxer_for`.
    MediaToolFailed
        ffmpeg ran out of time or memory, or was not found.
    OSError
        The file cannot be read.
    """
    demuxer, parts = await asyncio.to_thread(_parts, path, limits.max_bytes)
    if not 1 < len(parts) <= MOST_PARTS:
        return None
    return join([await _read(path, demuxer, part, limits=limits) for part in parts], demuxer=demuxer)


def _parts(path: Path, most: int) -> tuple[str, tuple[Part, ...]]:
    size = path.stat().st_size
    with path.open("rb") as file:
        demuxer = demuxer_for(file.read(HEAD_BYTES))
        return demuxer, () if size > most else parts_of(file, size, demuxer)


async def _read(path: Path, demuxer: str, part: Part, *, limits: Limits) -> PartRead:
    read, listed = PartRead(part), path.with_name(path.name + ".part-list")
    listed.write_text(part_list(path, demuxer=demuxer, parts=[(*part, None)]), "utf-8")
    try:
        await run_tool(
            [
                *hardened(
                    path, demuxer=demuxer, max_pixels=limits.max_pixels, input_options=("-copyts",), parts=listed
                ),
                *ALL_TRACKS,
                *PACKET_LIST,
            ],
            allowance=Allowance(
                seconds=limits.probe_deadline(part[1] - part[0]),
                memory_bytes=limits.max_memory_bytes,
                file_bytes=_FILE_BYTES,
                require_landlock=limits.require_landlock,
            ),
            reach=Reach(reads=(path, listed)),
            on_stdout=read.packets.take,
            on_stderr=read.take,
        )
    finally:
        listed.unlink(missing_ok=True)
    return read
