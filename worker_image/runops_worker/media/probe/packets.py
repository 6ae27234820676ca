"""Sums up the packets of a file from the output of ffmpeg's framecrc writer: real length, gaps, number of pictures.

The format is defined in libavformat/framecrcenc.c: header lines `#key STREAM: value`, then one line
`STREAM, dts, pts, duration, size, checksum[, ...]` per packet. Stream 0 is the picture, 1 the sound.
"""

import contextlib
import re
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

__all__ = ["PACKET_LIST", "PacketReport", "StreamReport"]

PACKET_LIST: Final = ("-flush_packets", "0", "-f", "framecrc", "-")
"""The output options of ffmpeg. Without `-flush_packets 0` it flushes each line, which takes a fifth of the time."""

_HEADER: Final = re.compile(r"#(tb|codec_id|dimensions|sar) ([01]): (\S{1,64})")


@dataclass
class StreamReport:
    """Sums of one stream.

    Attributes
    ----------
    codec
        ffmpeg's name of the codec.
    width, height, sar
        Coded size in pixels and aspect ratio of a pixel; 0, 0 and 1 for sound.
    packets, total_bytes
        Number of packets and their size together.
    start, end
        Earliest beginning and latest end of a packet, in seconds.
    latest
        Latest beginning of a packet, in seconds.
    time_base
        Seconds per unit of the packets' times.
    """

    codec: str = ""
    width: int = 0
    height: int = 0
    sar: Fraction = Fraction(1)
    packets: int = 0
    total_bytes: int = 0
    start: float = 0.0
    end: float = 0.0
    latest: float = 0.0
    time_base: float = 0.0


@dataclass
class PacketReport:
    """Sums over all packets, built line by line. Its size does not depend on their number.

    Attributes
    ----------
    video, audio
        The two streams; `packets` is 0 where there is none.
    largest_gap, gap_at
        Longest time range with neither picture nor sound, and where it begins, in seconds.
    """

    video: StreamReport = field(default_factory=StreamReport)
    audio: StreamReport = field(default_factory=StreamReport)
    largest_gap: float = 0.0
    gap_at: float = 0.0

    @property
    def start(self) -> float:
        """Time of the first packet in seconds. It need not be 0."""
        starts = [stream.start for stream in (self.video, self.audio) if stream.packets]
        return min(starts, default=0.0)

    @property
    def duration(self) -> float:
        """Seconds from the first packet's beginning to the last one's end."""
        ends = [stream.end for stream in (self.video, self.audio) if stream.packets]
        return max(ends, default=0.0) - self.start

    @property
    def video_end(self) -> float:
        """Seconds from the first packet's beginning to the end of the last picture."""
        return self.video.end - self.start if self.video.packets else 0.0

    def take(self, line: str) -> None:
        """Read one line. A line of another format is ignored."""
        if line.startswith("#"):
            self._header(line)
            return
        fields = line.split(",", 5)
        if len(fields) < 6:
            return
        with contextlib.suppress(ValueError):
            index, _, pts, duration, size = (int(text) for text in fields[:5])
            if index in {0, 1}:
                self._packet(self.video if index == 0 else self.audio, pts, duration, size)

    def _header(self, line: str) -> None:
        match = _HEADER.match(line)
        if match is None:
            return
        key, index, value = match.groups()
        stream = self.video if index == "0" else self.audio
        with contextlib.suppress(ValueError, ZeroDivisionError):
            if key == "tb":
                stream.time_base = float(Fraction(value))
            elif key == "codec_id":
                stream.codec = value
            elif key == "dimensions":
                width, height = value.split("x")
                stream.width, stream.height = int(width), int(height)
            else:
                stream.sar = Fraction(value) or Fraction(1)

    def _packet(self, stream: StreamReport, pts: int, duration: int, size: int) -> None:
        # Sound may begin before 0, with samples that prepare the decoder and are never heard.
        begin = max(pts * stream.time_base, 0.0)
        end = max((pts + duration) * stream.time_base, begin)
        reached = max((s.end for s in (self.video, self.audio) if s.packets), default=begin)
        if begin - reached > self.largest_gap:
            self.largest_gap, self.gap_at = begin - reached, reached - self.start
        stream.start = min(stream.start, begin) if stream.packets else begin
        stream.end = max(stream.end, end)
        stream.latest = max(stream.latest, begin)
        stream.packets += 1
        stream.total_bytes += size
