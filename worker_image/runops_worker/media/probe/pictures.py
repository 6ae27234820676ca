"""The coded pictures of a recording, from the output of ffmpeg's framecrc writer."""

import re
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

__all__ = ["PictureList", "Pictures"]

_UNIT: Final = re.compile(r"#tb 0: (\d{1,9})/(\d{1,9})$")
_PACKET: Final = re.compile(
    r"([0123]), *-?\d+, *(-?\d+),[^,]*, *(\d+, *0x[0-9a-f]+)(?:, F=0x([0-9A-F]+))?(.*New Extradata)?"
)
_ALL, _REFERENCES, _FRESH, _PARAMETERS = 0, 1, 2, 3
# AV_PKT_FLAG_KEY and AV_PKT_FLAG_DISCARD of libavcodec. A line without flags means KEY.
_KEY, _DISCARD = 1, 4
_NO_TIME: Final = -(2**63)


@dataclass(frozen=True, kw_only=True)
class Pictures:
    """The coded pictures of a recording, in decoding order.

    Attributes
    ----------
    times
        When each picture is shown, in units of `unit`.
    unit
        Seconds per unit of time.
    fresh
        1 if no picture shown after it refers to a picture before it: an IDR picture of H.264, an IRAP picture of HEVC,
        a key picture of the other codecs.
    references
        0 if no other picture refers to it.
    hidden
        1 if the file's edit list says that it is decoded but not shown.
    may_change_size
        Whether a later picture may have another size than the first one.
    """

    times: Sequence[int]
    unit: Fraction
    fresh: Sequence[int]
    references: Sequence[int]
    hidden: Sequence[int]
    may_change_size: bool = True


class PictureList:
    """Built line by line; about twenty bytes per coded picture.

    Parameters
    ----------
    most
        Largest number of pictures. With more of them, `pictures` returns None.
    """

    def __init__(self, *, most: int) -> None:
        self._most = most
        self._has_more = False
        self._unit: Fraction | None = None
        self._times = (array("q"), array("q"), array("q"))
        self._flags = bytearray()
        self._parameters: str | None = None
        self._parameters_change = False

    def take(self, line: str) -> None:
        """Read one line. A line of another format is ignored."""
        if match := _PACKET.match(line):
            stream = int(match[1])
            if stream == _PARAMETERS:
                self._parameters_change |= self._parameters not in {None, match[3]}
                self._parameters = match[3]
                return
            if len(self._times[stream]) >= self._most:
                self._has_more = True
                return
            self._times[stream].append(int(match[2]))
            if stream == _ALL:
                # Parameters that are not stored with the pictures but come with a packet that follows another one.
                self._parameters_change |= bool(match[5] and self._flags)
                self._flags.append(int(match[4], 16) & 0xFF if match[4] else _KEY)
        elif match := _UNIT.match(line):
            self._unit = Fraction(int(match[1]), int(match[2]))

    def pictures(self, *, marked: bool) -> Pictures | None:
        """Combine the copies of the stream.

        Parameters
        ----------
        marked
            Whether there are three copies (see `survey`). With one copy, every picture counts as a reference, and every
        key picture as fresh.

        Returns
        -------
        Pictures | None
            None if there are too many, if a picture has no time, or if the copies do not match.
        """
        times = self._times[_ALL]
        if self._has_more or not times or not self._unit or _NO_TIME in times:
            return None
        keys = bytes(flags & _KEY for flags in self._flags)
        references: bytes | None = b"\1" * len(times)
        fresh: bytes | None = keys
        if marked:
            references, fresh = _found_in(times, self._times[_REFERENCES]), _found_in(times, self._times[_FRESH])
        if references is None or fresh is None:
            return None
        return Pictures(
            times=times,
            unit=self._unit,
            fresh=bytes(key and new for key, new in zip(keys, fresh, strict=True)),
            references=references,
            hidden=bytes(bool(flags & _DISCARD) for flags in self._flags),
            may_change_size=self._parameters_change or not marked,
        )


def _found_in(times: Sequence[int], copied: Sequence[int]) -> bytes | None:
    """Mark the pictures that a copy still has. Return None if it has a picture that the original does not have."""
    marks, place = bytearray(len(times)), 0
    for index, time in enumerate(times):
        if place < len(copied) and copied[place] == time:
            marks[index] = 1
            place += 1
    return bytes(marks) if place == len(copied) else None
