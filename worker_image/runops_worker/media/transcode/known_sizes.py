"""Which sizes the pictures of a recording have, found out before it is encoded.

A screen or a window may grow in the fiftieth minute of an hour. If the frame of the slim video is made for it from the
beginning, the encoder need not begin again. Sizes change at a key picture, so one of every few seconds is decoded. This
is done only where `survey` cannot rule a change out.
VP9 and AV1 may change their size at any picture; what is missed here is found by the encoder.
"""

import asyncio
import re
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Final

from runops_worker.media.limits import Limits
from runops_worker.media.probe.pictures import Pictures
from runops_worker.media.recording.recording import Recording
from runops_worker.media.transcode.decode_screen import decode_screen
from runops_worker.media.transcode.packet_filter import dropping
from runops_worker.media.transcode.picture_size import PRINT_SIZES, shown_in, size_to_follow

__all__ = ["KnownSizes", "known_sizes", "sampled"]

# Half of what a picture must last to count.
_APART_SECONDS: Final = 5
_TIME: Final = re.compile(r" pts_time:(-?\d+(?:\.\d+)?) ")

Size = tuple[int, int]


def sampled(pictures: Pictures) -> bytes:
    """Return the pictures to decode, one byte for each, 1 or 0: key pictures of which two are 5 s apart or more. Pure.

    The last one before a longer pause is taken too.
    """
    keys = [place for place, fresh in enumerate(pictures.fresh) if fresh]
    apart = _APART_SECONDS / pictures.unit
    keep = bytearray(len(pictures.fresh))
    taken: int | None = None
    for place, following in pairwise([*keys, None]):
        assert place is not None
        time = pictures.times[place]
        is_far = following is None or pictures.times[following] - time > apart
        if taken is None or time - taken >= apart or is_far:
            keep[place], taken = 1, time
    return bytes(keep)


@dataclass
class KnownSizes:
    """The sizes of some pictures, built line by line from ffmpeg's log at level `level+repeat+verbose`.

    Attributes
    ----------
    turned
        Whether players show the pictures turned by a quarter.
    shown
        For each picture when it begins, in seconds, and its size as a player shows it.
    """

    turned: bool = False
    shown: list[tuple[float, Size]] = field(default_factory=list)

    def take(self, line: str) -> None:
        """Read one line; others are ignored."""
        size, time = shown_in(line), _TIME.search(line)
        if size is not None and time is not None:
            self.shown.append((float(time[1]), (size[1], size[0]) if self.turned else size))

    @property
    def change(self) -> bool:
        """Whether there are several."""
        return len({size for _, size in self.shown}) > 1

    def to_follow(self, planned: Size, *, seconds: float) -> Size:
        """Return the size of the largest picture that lasts, as `size_to_follow`; each lasts until the next one.

        Parameters
        ----------
        planned
            The size by the header.
        seconds
            Length of the recording.
        """
        lasting: dict[Size, float] = defaultdict(float)
        for (begin, size), (end, _) in pairwise([*self.shown, (seconds, planned)]):
            lasting[size] += max(end - begin, 0.0)
        return size_to_follow(planned, lasting, recording_seconds=seconds, beforehand=True)


async def known_sizes(
    source: Path, recording: Recording, pictures: Pictures, *, formula: Path, limits: Limits
) -> KnownSizes:
    """Decode some pictures and return their sizes; none where `survey` says that all pictures have the same.

    Parameters
    ----------
    source
        The recording.
    recording, pictures
        What is known of it.
    formula
        The file that takes the packet filter.
    limits
        What ffmpeg may use.

    Raises
    ------
    MediaToolFailed
        ffmpeg ran out of time or memory.
    """
    found = KnownSizes(turned=recording.quarter_turns % 2 == 1)
    if not pictures.may_change_size:
        return found
    keep = await asyncio.to_thread(sampled, pictures)
    await asyncio.to_thread(lambda: formula.write_text(dropping(keep), "ascii"))
    decoder = ("-threads", "1", f"-/bsf:V:{recording.screen}", str(formula.absolute()))  # noqa: ASYNC240 - no access
    await decode_screen(
        source,
        recording,
        limits=limits,
        decoder=(*decoder, "-noautorotate", "-reinit_filter:v", "0", "-t", f"{limits.max_duration_seconds}"),
        filters=PRINT_SIZES,
        formula=formula,
        log="level+repeat+verbose",
        on_stderr=found.take,
    )
    return found
