"""Look at every coded picture without decoding it: when it is shown, and whether others are built upon it.

ffmpeg copies the picture stream to its `framecrc` writer three times in one run: as it is, without the pictures that
no other is built upon, and with only those at which everything begins anew (bitstream filter `filter_units`, for H.264
and HEVC). It costs about 3 % of a transcode, beside the probe.
"""

from pathlib import Path
from typing import Final

from runops_worker.media.limits import Limits
from runops_worker.media.probe.packets import PACKET_LIST
from runops_worker.media.probe.pictures import PictureList, Pictures
from runops_worker.media.sandbox.ffmpeg import hardened
from runops_worker.media.sandbox.run_tool import Allowance, Reach, run_tool

__all__ = ["survey"]

_FILE_BYTES: Final = 1024**2
# It runs beside the probe, and a pod has room for one ffmpeg that takes all it may. 4 GB take a quarter of this part.
_MEMORY_PART: Final = 4
# Over the longest recording that is accepted: four times what screens are recorded with. Blocks of a few bytes could be
# many millions, and each is some twenty bytes here and more in the selection.
_MOST_PER_SECOND: Final = 240
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
