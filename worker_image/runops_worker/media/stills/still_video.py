"""A slim video as something that pictures are taken from."""

from dataclasses import dataclass
from pathlib import Path

from runops_worker.media.limits import Limits
from runops_worker.media.probe.probe import probe
from runops_worker.media.sandbox.ffmpeg import hardened
from runops_worker.media.sandbox.run_tool import Allowance
from runops_worker.media.transcode.slim_video import inspect_slim

__all__ = ["StillVideo", "open_video"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StillVideo:
    """A slim video: picture k shows what the screen showed at second k divided by `fps`.

    Attributes
    ----------
    path
        The file.
    width, height
        Of its pictures.
    fps, pictures
        Pictures per second, and in all.
    duration
        In seconds.
    limits
        What ffmpeg may use.
    """

    path: Path
    width: int
    height: int
    fps: int
    pictures: int
    duration: float
    limits: Limits

    @property
    def seconds(self) -> int:
        """How many whole seconds have a picture."""
        return -(-self.pictures // self.fps)

    def command(self, seconds: list[int], *filters: str) -> list[str]:
        """Return the beginning of a command that takes the first picture of each of these seconds."""
        chosen = _any_of([f"eq(n,{second * self.fps})" for second in seconds])
        return [
            *hardened(self.path, demuxer="mov", max_pixels=self.limits.max_pixels),
            *("-v", "error", "-map", "0:V:0", "-an", "-sn", "-dn", "-fps_mode", "passthrough"),
            *("-vf", ",".join((f"select='{chosen}'", *filters))),
        ]

    def allowance(self, *, file_bytes: int) -> Allowance:
        """Return what one run may use that decodes the whole video once."""
        return Allowance(
            seconds=self.limits.transcode_deadline(self.duration),
            memory_bytes=self.limits.max_memory_bytes,
            file_bytes=file_bytes,
            require_landlock=self.limits.require_landlock,
        )


def _any_of(terms: list[str]) -> str:
    """Return the sum of terms. A long one without brackets is nested too deeply for ffmpeg."""
    if len(terms) == 1:
        return terms[0]
    half = len(terms) // 2
    return f"({_any_of(terms[:half])}+{_any_of(terms[half:])})"


async def open_video(path: Path, *, limits: Limits) -> StillVideo:
    """Return what is known of a slim video.

    Raises
    ------
    MediaRejected, MediaToolFailed
        It cannot be read.
    """
    recording = await probe(path, limits=limits)
    packets = await inspect_slim(path, limits=limits)
    return StillVideo(
        path=path,
        width=recording.width,
        height=recording.height,
        fps=max(round(packets.video.packets / max(recording.video_seconds, 1.0)), 1),
        pictures=packets.video.packets,
        duration=packets.duration,
        limits=limits,
    )
