"""One track of a file, summed up over its packets."""

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from runops_worker.media.recording.timeline import Timeline

__all__ = ["Track"]

# AV_PKT_FLAG_KEY, AV_PKT_FLAG_CORRUPT and AV_PKT_FLAG_DISCARD of libavcodec.
_KEY, _CORRUPT, _DISCARD = 1, 2, 4
# Pictures are stored in decoding order, so times go back; in a recording with a picture a minute, by minutes. Times of
# key pictures do not: nothing before one of them in decoding order is shown after it. Some writers give single ones a
# wrong time. A second recording that was appended begins at 0, with a key picture.
_JUMP_BACK_SECONDS: Final = 16.0
_ANEW_SECONDS: Final = 1.0
# A transport stream does not say how long its last picture is. It is as long as a usual one, and never longer than the
# one before: a still screen of seconds before the end says nothing about the end.
_UNKNOWN_LENGTH_SECONDS: Final = 0.04
_LONGEST_EFFECT_SECONDS: Final = 10.0
_MOST_BROKEN_PARTS: Final = 1_000


@dataclass
class Track:
    """Sums of one track. Their size does not depend on the number of packets.

    Packets that the file's edit list hides have no part in its times: a player neither shows nor plays them.

    Attributes
    ----------
    kind
        `video` or `audio`; empty where nothing is known.
    codec
        ffmpeg's name of the codec.
    width, height, sar
        Coded size in pixels and aspect ratio of a pixel; 0, 0 and 1 for sound.
    packets, hidden
        Number of packets that are shown or heard, and of those that are not.
    encrypted
        Number of packets that cannot be decoded without a key.
    total_bytes
        Size of all of them.
    start, end
        Earliest beginning of a packet in seconds, and latest end; for pictures the end of the last one that is shown.
    latest
        Latest beginning of a packet, in seconds.
    last_has_no_length
        Whether the file does not say how long the last picture is.
    time_base
        Seconds per unit of the packets' times.
    filled
        Lengths of all packets together, in seconds; more than from start to end where two recordings are mixed.
    broken
        Number of packets that are not whole.
    last_is_broken
        Whether the last one is.
    broken_parts
        Begin and end, in seconds, of each time range from a packet that is not whole to the next key picture; ten
        seconds at most, as later pictures replace what is wrong.
    jumps_back_at
        The end, in seconds, of what comes before the times of key pictures, or of sound, first go back to the beginning
        or far; None if they never do.
    timeline
        When it has something to show or hear.
    """

    kind: str = ""
    codec: str = ""
    width: int = 0
    height: int = 0
    sar: Fraction = Fraction(1)
    packets: int = 0
    hidden: int = 0
    encrypted: int = 0
    total_bytes: int = 0
    start: float = 0.0
    end: float = 0.0
    latest: float = 0.0
    last_has_no_length: bool = False
    time_base: float = 0.0
    filled: float = 0.0
    broken: int = 0
    last_is_broken: bool = False
    broken_parts: list[tuple[float, float]] = field(default_factory=list)
    jumps_back_at: float | None = None
    timeline: Timeline = field(default_factory=Timeline)
    _latest_key: float = 0.0
    _before_latest: float = 0.0
    _broken_since: float | None = None

    def take(self, *, pts: int, duration: int, size: int, flags: int) -> None:
        """Add a packet; times are in units of the time base."""
        self.total_bytes += size
        self.last_is_broken = bool(flags & _CORRUPT)
        self.broken += self.last_is_broken
        if flags & _DISCARD:
            self.hidden += 1
            return
        # Sound may begin before 0, with samples that prepare the decoder and are never heard.
        begin = max(pts * self.time_base, 0.0)
        self._take_broken(begin, is_key=bool(flags & _KEY))
        if flags & _KEY:
            if self.jumps_back_at is None and self._goes_back(begin):
                self.jumps_back_at = self.end
            self._latest_key = max(self._latest_key, begin)
        end = max((pts + duration) * self.time_base, begin)
        self.start = min(self.start, begin) if self.packets else begin
        if self.kind == "video":
            self._take_picture(begin, end)
        else:
            self.end = max(self.end, end)
            self.latest = max(self.latest, begin)
        self.timeline.add(begin, end)
        self.filled += max(duration, 0) * self.time_base
        self.packets += 1

    def _take_broken(self, begin: float, *, is_key: bool) -> None:
        if self._broken_since is not None and (is_key or begin > self._broken_since + _LONGEST_EFFECT_SECONDS):
            if len(self.broken_parts) < _MOST_BROKEN_PARTS:
                self.broken_parts.append((self._broken_since, begin))
            self._broken_since = None
        if self.last_is_broken and self._broken_since is None:
            self._broken_since = begin

    def parts_broken_until(self, end: float) -> tuple[tuple[float, float], ...]:
        """Return `broken_parts` with one that reaches to the end of the recording, in seconds."""
        since = self._broken_since
        last = () if since is None else ((since, min(max(end, since), since + _LONGEST_EFFECT_SECONDS)),)
        return (*self.broken_parts, *last)

    def _take_picture(self, begin: float, end: float) -> None:
        if begin > self.latest or not self.packets:
            # MP4 stores as a picture's length the time to the next one in decoding order, which after a pause may be
            # the pause. So what earlier pictures claim does not count.
            self._before_latest, self.latest, self.end = self.latest, begin, end
            self.last_has_no_length = end == begin
        elif begin == self.latest:
            self.end = max(self.end, end)
            self.last_has_no_length = self.end == begin
        else:
            self._before_latest = max(self._before_latest, begin)
        if self.last_has_no_length and self.packets:
            self.end = self.latest + min(self.latest - self._before_latest, _UNKNOWN_LENGTH_SECONDS)

    def _goes_back(self, begin: float) -> bool:
        begins_anew = self.latest - begin > _ANEW_SECONDS and begin - self.start < _ANEW_SECONDS
        return begins_anew or begin < self._latest_key - _JUMP_BACK_SECONDS
