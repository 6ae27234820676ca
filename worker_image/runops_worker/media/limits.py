"""Limits on a recording, and on what ffmpeg may use while it reads one."""

from dataclasses import dataclass
from typing import Final

__all__ = ["Limits"]

_GIB: Final = 1024**3
_MIB: Final = 1024**2


@dataclass(frozen=True)
class Limits:
    """Limits on one recording and on ffmpeg.

    Attributes
    ----------
    max_bytes
        Size of the file.
    max_duration_seconds, min_duration_seconds
        Length of the part that can be read, not the length in the header.
    max_pixels
        Width times height of one picture.
    max_streams
        Number of video, audio, subtitle and data streams together.
    max_gap_seconds
        Longest time range with neither picture nor sound. A still screen with speech is not a gap.
    least_readable_percent, least_readable_seconds
        A recording that is cut off or damaged is worked on if at least this much of it can be read: both hold.
    max_memory_bytes
        Writable memory of one ffmpeg process, thread stacks and unused reservations included. It stops decompression
        bombs; a 1080p recording needs about a tenth of it.
    tool_seconds_per_media_second
        A transcode that is slower than this counts as hung.
    require_landlock
        Whether ffmpeg must not start on a kernel without Landlock.
    """

    max_bytes: int = 4 * _GIB
    max_duration_seconds: float = 7200.0
    min_duration_seconds: float = 1.0
    max_pixels: int = 36_000_000
    max_streams: int = 32
    max_gap_seconds: float = 1800.0
    least_readable_percent: int = 50
    least_readable_seconds: float = 10.0
    max_memory_bytes: int = 1536 * _MIB
    tool_seconds_per_media_second: float = 6.0
    require_landlock: bool = False

    def is_worth(self, readable: float, whole: float) -> bool:
        """Return whether `readable` of `whole` seconds are enough to work on."""
        return readable >= max(self.least_readable_seconds, whole * self.least_readable_percent / 100)

    def probe_deadline(self, size: int) -> float:
        """Seconds in which ffmpeg must have read a file of `size` bytes once: 30 s and 5 MB per second."""
        return 30.0 + size / 5_000_000

    def transcode_deadline(self, media_seconds: float) -> float:
        """Seconds in which ffmpeg must have transcoded `media_seconds` of a recording."""
        return 60.0 + media_seconds * self.tool_seconds_per_media_second
