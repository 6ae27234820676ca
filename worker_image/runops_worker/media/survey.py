"""Look at every coded picture without decoding it: when it is shown, and whether others are built upon it.

ffmpeg copies the picture stream to its `framecrc` writer three times in one run: as it is, without the pictures that
no other is built upon, and with only those at which everything begins anew (bitstream filter `filter_units`, for H.264
and HEVC). It costs about 3 % of a transcode, beside the probe.
"""

import re
from array import array
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Final

from runops_worker.media.child import Allowance, Reach, run_tool
from runops_worker.media.command import hardened
from runops_worker.media.limits import Limits
from runops_worker.media.packets import PACKET_LIST
from runops_worker.media.selection import Pictures

__all__ = ["PictureList", "survey"]

_FILE_BYTES: Final = 1024**2
# It runs beside the probe, and a pod has room for one ffmpeg that takes all it may. 4 GB take a quarter of this part.
_MEMORY_PART: Final = 4
# Over the longest recording that is accepted: four times what screens are recorded with. Blocks of a few bytes could be
# many millions, and each is some twenty bytes here and more in the selection.
_MOST_PER_SECOND: Final = 240
_UNIT: Final = re.compile(r"#tb 0: (\d{1,9})/(\d{1,9})$")
_PACKET: Final = re.compile(r"([012]), *-?\d+, *(-?\d+),[^,]*,[^,]*, *0x[0-9a-f]+(?:, F=0x([0-9A-F]+))?")
_ALL, _REFERENCES, _FRESH = 0, 1, 2
# What a line leaves out where it is the usual: libavcodec's AV_PKT_FLAG_KEY; and AV_PKT_FLAG_DISCARD.
_KEY, _DISCARD = 1, 4
_NO_TIME: Final = -(2**63)
_MARKED_CODECS: Final = frozenset({"h264", "hevc"})
_UNMARKED_CODECS: Final = frozenset({"vp8", "vp9", "av1"})


async def survey(path: Path, demuxer: str, codec: str, *, limits: Limits) -> Pictures | None:
    """List the coded pictures of a recording.

    Parameters
    ----------
    path
        The recording.
    demuxer
        `mov` or `matroska`, as the file's first bytes tell.
    codec
        ffmpeg's name of the picture's codec.
    limits
        What ffmpeg may use.

    Returns
    -------
    Pictures | None
        None where they cannot be told apart: another codec, or something in the file is not as it should be, such as
        more pictures than any recording has.

    Raises
    ------
    MediaToolFailed
        ffmpeg ran out of time or memory.
    OSError
        There is no such file.
    """
    marked = codec in _MARKED_CODECS
    if not marked and codec not in _UNMARKED_CODECS:
        return None
    copies = ["-map", "0:V:0"]
    if marked:
        copies *= 3
        copies += ["-bsf:v:1", "filter_units=discard=nonref"]
        copies += ["-bsf:v:2", "noise=drop='not(key)',filter_units=discard=nonkey"]
    # Times are counted as in a transcode: from the beginning of the file, and nothing before it is left out.
    as_it_is = ("-c", "copy", "-copyinkf", "-copypriorss", "1", *PACKET_LIST)
    found, complaints = PictureList(most=int(_MOST_PER_SECOND * limits.max_duration_seconds)), 0

    def complain(_line: str) -> None:
        nonlocal complaints
        complaints += 1

    outcome = await run_tool(
        [*hardened(path, demuxer=demuxer, max_pixels=limits.max_pixels), "-v", "error", *copies, *as_it_is],
        allowance=Allowance(
            seconds=limits.probe_deadline(path.stat().st_size),  # noqa: ASYNC240 - local disk
            memory_bytes=limits.max_memory_bytes // _MEMORY_PART,
            file_bytes=_FILE_BYTES,
            require_landlock=limits.require_landlock,
        ),
        reach=Reach(reads=(path,)),
        on_stdout=found.take,
        on_stderr=complain,
    )
    # A filter that fails on a packet drops it, as if it had chosen to.
    if outcome.returncode != 0 or complaints:
        return None
    return found.pictures(marked=marked)


class PictureList:
    """Fed with the lines of `framecrc`; some twenty bytes per coded picture.

    Parameters
    ----------
    most
        Pictures that are listed; with more there is no list.
    """

    def __init__(self, *, most: int) -> None:
        self._most = most
        self._has_more = False
        self._unit: Fraction | None = None
        self._times = (array("q"), array("q"), array("q"))
        self._flags = bytearray()

    def take(self, line: str) -> None:
        """Take one line; what is not of the format is passed over."""
        if match := _PACKET.match(line):
            stream = int(match[1])
            if len(self._times[stream]) >= self._most:
                self._has_more = True
                return
            self._times[stream].append(int(match[2]))
            if stream == _ALL:
                self._flags.append(int(match[3], 16) & 0xFF if match[3] else _KEY)
        elif match := _UNIT.match(line):
            self._unit = Fraction(int(match[1]), int(match[2]))

    def pictures(self, *, marked: bool) -> Pictures | None:
        """Put the copies together.

        Parameters
        ----------
        marked
            Whether there were three copies. Otherwise any picture may be built upon, and all begins anew at keys.

        Returns
        -------
        Pictures | None
            None where there are too many, a picture has no time or the copies do not fit together.
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
        )


def _found_in(times: Sequence[int], copied: Sequence[int]) -> bytes | None:
    """Tell which pictures a copy still has; None where it has one that is not there."""
    marks, place = bytearray(len(times)), 0
    for index, time in enumerate(times):
        if place < len(copied) and copied[place] == time:
            marks[index] = 1
            place += 1
    return bytes(marks) if place == len(copied) else None
