"""How bright white is in a recording whose values stand for nits (PQ). Computers choose it, from 100 to 480.

With a fixed level, a white page comes out grey or pale grey text vanishes on it. So the fresh pictures at the beginning
are decoded, which costs a few seconds.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from statistics import median_high
from typing import Final

from runops_worker.media.limits import Limits
from runops_worker.media.recording.picture_format import PQ
from runops_worker.media.recording.recording import Recording
from runops_worker.media.transcode.decode_screen import decode_screen

__all__ = ["REFERENCE_WHITE_NITS", "measured_white", "nits_of", "white_of"]

REFERENCE_WHITE_NITS: Final = 203.0
"""White in HDR, by ITU-R BT.2408."""
_LEAST_NITS: Final = 100.0
_MOST_NITS: Final = 480.0
_PICTURES: Final = 40
_BRIGHTEST: Final = re.compile(r"lavfi\.signalstats\.YMAX=(\d{1,4})$")
# Constants of SMPTE ST 2084.
_M1, _M2, _C1, _C2, _C3 = 0.1593017578125, 78.84375, 0.8359375, 18.8515625, 18.6875


def nits_of(luma: int, *, full_range: bool) -> float:
    """Return the brightness that a PQ luma of 10 bits stands for, in nits (SMPTE ST 2084)."""
    signal = luma / 1023 if full_range else (luma - 64) / 876
    root = min(max(signal, 0.0), 1.0) ** (1 / _M2)
    return float(10_000.0 * (max(root - _C1, 0.0) / (_C2 - _C3 * root)) ** (1 / _M1))


def white_of(brightest: Sequence[float]) -> float:
    """Return what is white, by the brightest value of each of some pictures, in nits.

    At least half of the pictures must reach it, so that a flash or a bright film does not count.
    """
    if not brightest:
        return REFERENCE_WHITE_NITS
    return min(max(median_high(brightest), _LEAST_NITS), _MOST_NITS)


async def measured_white(path: Path, recording: Recording, *, limits: Limits) -> float:
    """Return what is white in a recording, in nits.

    Parameters
    ----------
    path
        The recording.
    recording
        The result of `probe` for it.
    limits
        What ffmpeg may use.

    Raises
    ------
    MediaToolFailed
        ffmpeg ran out of time or memory.
    """
    if recording.picture.transfer != PQ:
        return REFERENCE_WHITE_NITS
    brightest: list[float] = []

    def take(line: str) -> None:
        if match := _BRIGHTEST.match(line):
            brightest.append(nits_of(int(match[1]), full_range=recording.picture.full_range))

    await decode_screen(
        path,
        recording,
        limits=limits,
        decoder=("-threads", "2", "-skip_frame", "nokey"),
        filters="format=yuv420p10le,signalstats,metadata=mode=print:key=lavfi.signalstats.YMAX:file=-",
        output=("-frames:v", str(_PICTURES)),
        on_stdout=take,
    )
    return white_of(brightest)
