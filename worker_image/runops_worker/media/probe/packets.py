"""Sums up the packets of a file from the output of ffmpeg's framecrc writer: real length, gaps, number of pictures.

The format is defined in libavformat/framecrcenc.c: header lines `#key STREAM: value`, then one line
`STREAM, dts, pts, duration, size, checksum[, F=flags][, ...]` per packet. A packet without `F=` has the flag of a
key picture only. ffmpeg numbers the streams in the order in which they are mapped.
"""

import contextlib
import re
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from runops_worker.media.recording.timeline import Hole, largest_hole
from runops_worker.media.recording.track import Track

__all__ = ["ALL_TRACKS", "PACKET_LIST", "TRUE_TIMES", "PacketReport"]

PACKET_LIST: Final = ("-flush_packets", "0", "-f", "framecrc", "-")
"""The output options of ffmpeg. Without `-flush_packets 0` it flushes each line, which takes a fifth of the time."""

TRUE_TIMES: Final = "setts=pts=PTS:dts=if(N\\,max(PREV_OUTDTS\\,DTS-36000/TB)\\,DTS-36000/TB)"
"""A bitstream filter for pictures. Where decode times go back, ffmpeg changes both times of a packet it lists.

They go back where an edit list shows parts of a group of pictures, or where a second recording was appended. So decode
times, which nobody reads, are moved ten hours back, where they can stay in order and below the times of showing.
"""

# A picture of an AVI has a decode time only. With it the length is right, and the order does not matter here.
_ANY_TIMES: Final = TRUE_TIMES.replace("pts=PTS", "pts=if(eq(PTS\\,NOPTS)\\,DTS\\,PTS)")

ALL_TRACKS: Final = ("-map", "0:V", "-map", "0:a?", "-c", "copy", "-bsf:v", _ANY_TIMES)
"""All pictures but covers and previews, then all sound. So `0:V:n` has the number n, and the sound follows."""

_HEADER: Final = re.compile(r"#(tb|media_type|codec_id|dimensions|sar) (\d{1,4}): (\S{1,64})")
_FLAGS: Final = re.compile(r" F=0x([0-9A-F]{1,8})(?:,|$)")
# AV_PKT_FLAG_KEY of libavcodec.
_KEY: Final = 1
_ENCRYPTED: Final = ", Encryption info,"
_MOST_TRACKS: Final = 256
_NO_TIME: Final = -(2**63)


@dataclass
class PacketReport:
    """Sums over all packets, built line by line. Its size does not depend on their number.

    Attributes
    ----------
    tracks
        By the numbers that ffmpeg gives them, see `ALL_TRACKS`.

    """

    tracks: dict[int, Track] = field(default_factory=dict)

    @property
    def videos(self) -> list[Track]:
        """The tracks with pictures, in the order of the file."""
        return [track for track in self.tracks.values() if track.kind == "video"]

    @property
    def sounds(self) -> list[Track]:
        """The tracks with sound, in the order of the file."""
        return [track for track in self.tracks.values() if track.kind == "audio"]

    @property
    def video(self) -> Track:
        """The first track with pictures; an empty one if there is none."""
        return next(iter(self.videos), Track())

    @property
    def audio(self) -> Track:
        """The first track with sound; an empty one if there is none."""
        return next(iter(self.sounds), Track())

    @property
    def start(self) -> float:
        """Time of the first packet in seconds. It need not be 0."""
        return min((track.start for track in self.tracks.values() if track.packets), default=0.0)

    @property
    def duration(self) -> float:
        """Seconds from the first packet's beginning to the last one's end."""
        return max((track.end for track in self.tracks.values() if track.packets), default=0.0) - self.start

    @property
    def ends_in_a_packet(self) -> bool:
        """Whether the last packet of a track is not whole."""
        return any(track.last_is_broken for track in self.tracks.values())

    @property
    def gap(self) -> Hole | None:
        """Longest time range with neither picture nor sound; None if there is none of a second or more."""
        return largest_hole(track.timeline for track in self.tracks.values())

    def take(self, line: str) -> None:
        """Read one line. A line of another format is ignored."""
        if line.startswith("#"):
            self._header(line)
            return
        fields = line.split(",", 6)
        if len(fields) < 6:
            return
        with contextlib.suppress(ValueError):
            index, dts, pts, duration, size = (int(text) for text in fields[:5])
            if (track := self.tracks.get(index)) is not None:
                found = _FLAGS.match(fields[6]) if len(fields) > 6 else None
                flags = int(found[1], 16) if found else _KEY
                track.take(pts=dts if pts == _NO_TIME else pts, duration=duration, size=size, flags=flags)
                # libavcodec's AV_PKT_DATA_ENCRYPTION_INFO: the packet holds the picture or sound encrypted.
                if len(fields) > 6 and _ENCRYPTED in fields[6]:
                    track.encrypted += 1

    def _header(self, line: str) -> None:
        match = _HEADER.match(line)
        if match is None or int(match[2]) >= _MOST_TRACKS:
            return
        key, value = match[1], match[3]
        track = self.tracks.setdefault(int(match[2]), Track())
        with contextlib.suppress(ValueError, ZeroDivisionError):
            match key:
                case "tb":
                    track.time_base = float(Fraction(value))
                case "media_type":
                    track.kind = value
                case "codec_id":
                    track.codec = value
                case "dimensions":
                    width, height = value.split("x")
                    track.width, track.height = int(width), int(height)
                case _:
                    track.sar = Fraction(value) or Fraction(1)
