"""The containers that are accepted, by the names of ffmpeg's demuxers."""

from dataclasses import dataclass
from typing import Final

__all__ = ["CONTAINERS", "Container"]


@dataclass(frozen=True)
class Container:
    """What is known of a container before a file of it is opened.

    Attributes
    ----------
    family
        The names that ffmpeg gives the demuxer, as `-format_whitelist` takes them.
    times_may_jump
        Whether its clock may start again in the middle, as when a broadcast changes its programme. ffmpeg joins such
        parts unless it is told to copy the times.
    has_no_header
        Whether a picture must be complete before its size is known. In a very still recording this takes a minute, and
        ffmpeg waits for seconds only unless it is told to wait longer. Nor do these containers say how long a picture
        is: what ffmpeg says of the last one is a guess.
    """

    family: str
    times_may_jump: bool = False
    has_no_header: bool = False


CONTAINERS: Final = {
    "mov": Container("mov,mp4,m4a,3gp,3g2,mj2"),
    "matroska": Container("matroska,webm"),
    "avi": Container("avi"),
    "asf": Container("asf"),
    "flv": Container("flv", has_no_header=True),
    "gif": Container("gif"),
    "mpeg": Container("mpeg", times_may_jump=True, has_no_header=True),
    "mpegts": Container("mpegts", times_may_jump=True, has_no_header=True),
    "ogg": Container("ogg", times_may_jump=True),
}
"""By the name that `-f` takes: MP4, MOV and 3GP; WebM and MKV; AVI; WMV; FLV; animated GIF; MPEG-PS and -TS; Ogg."""
