"""A slim video on disk, and how its content is read back."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from runops_worker.media.limits import Limits
from runops_worker.media.probe.packets import PACKET_LIST, PacketReport
from runops_worker.media.recording.loss import Loss
from runops_worker.media.sandbox.ffmpeg import hardened
from runops_worker.media.sandbox.run_tool import Allowance, Reach, run_tool

__all__ = ["SlimVideo", "inspect_slim", "same_content"]

_FILE_BYTES: Final = 1024**2


@dataclass(frozen=True, kw_only=True)
class SlimVideo:
    """A slim MP4 on disk.

    Attributes
    ----------
    path
        Its file.
    bytes
        Size of the file.
    duration_seconds
        Length by its packets.
    frames
        Number of pictures.
    has_audio
        Whether it has sound.
    fps
        Pictures per second.
    losses
        Parts of the recording that it does not show or play.
    """

    path: Path
    bytes: int
    duration_seconds: float
    frames: int
    has_audio: bool
    fps: int
    losses: tuple[Loss, ...] = ()


async def inspect_slim(path: Path, *, limits: Limits, since: float = 0.0) -> PacketReport:
    """Read the packets of a slim video or of a part of one.

    The result shows what ffmpeg really wrote, whatever its exit code was.

    Parameters
    ----------
    path
        An MP4 that ffmpeg has just written.
    limits
        What ffmpeg may use.
    since
        Second from which it is read. Packets from shortly before it may be among them.

    Returns
    -------
    PacketReport
        Its packets. Empty if the file cannot be read.

    Raises
    ------
    MediaToolFailed
        ffmpeg ran out of time or memory.
    OSError
        The file does not exist.
    """
    packets = PacketReport()
    seek = ("-ss", f"{since:.6f}") if since else ()
    await run_tool(
        [
            *hardened(path, demuxer="mov", max_pixels=limits.max_pixels, input_options=("-copyts", *seek)),
            *("-v", "error", "-map", "0:V:0", "-map", "0:a:0?", "-c", "copy", *PACKET_LIST),
        ],
        allowance=Allowance(
            seconds=limits.probe_deadline(path.stat().st_size),  # noqa: ASYNC240 - local disk
            memory_bytes=limits.max_memory_bytes,
            file_bytes=_FILE_BYTES,
            require_landlock=limits.require_landlock,
        ),
        reach=Reach(reads=(path,)),
        on_stdout=packets.take,
    )
    return packets


def same_content(one: PacketReport, other: PacketReport) -> bool:
    """Return whether two slim videos hold the same packets at the same times.

    Which packets are hidden is not compared: only a complete MP4 has the list that hides the start of the sound.
    """
    return _content(one) == _content(other)


def _content(report: PacketReport) -> list[tuple[str, int, int, float, float]]:
    return [
        (track.kind, track.packets + track.hidden, track.total_bytes, track.end, track.latest)
        for track in report.tracks.values()
    ]
