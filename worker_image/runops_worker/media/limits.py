"""How large, long and odd a recording may be, and what ffmpeg may use while reading it."""

from dataclasses import dataclass
from typing import Final

__all__ = ["Limits"]

_GIB: Final = 1024**3
_MIB: Final = 1024**2


@dataclass(frozen=True)
class Limits:
    """The bounds of one recording and of the tool's use of the machine.

    Attributes
    ----------
    max_bytes
        Size of the file.
    max_duration_seconds, min_duration_seconds
        Length of what can be read of it, not of what its header claims.
    max_pixels
        Width times height of one picture.
    max_streams
        Video, audio, subtitle and data streams together.
    max_gap_seconds
        Longest stretch with neither picture nor sound. A still screen under running speech is no gap.
    max_memory_bytes
        Writable memory of one ffmpeg process, thread stacks and untouched reserves included. It stops a bomb; a
        1080p recording takes about a tenth of it.
    tool_seconds_per_media_second
        How slow a transcode may be before it counts as hung.
    require_landlock
        Whether no recording is read where the kernel has no Landlock.
    """

    max_bytes: int = 4 * _GIB
    max_duration_seconds: float = 7200.0
    min_duration_seconds: float = 1.0
    max_pixels: int = 36_000_000
    max_streams: int = 32
    max_gap_seconds: float = 1800.0
    max_memory_bytes: int = 1536 * _MIB
    tool_seconds_per_media_second: float = 6.0
    require_landlock: bool = False

    def probe_deadline(self, size: int) -> float:
        """Seconds in which a file of `size` bytes must have been read once (at 5 MB/s or more)."""
        return 30.0 + size / 5_000_000

    def transcode_deadline(self, media_seconds: float) -> float:
        """Seconds in which `media_seconds` of recording must have been transcoded."""
        return 60.0 + media_seconds * self.tool_seconds_per_media_second
