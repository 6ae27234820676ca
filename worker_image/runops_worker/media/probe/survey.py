"""List the coded pictures without decoding them: when each is shown, and whether other pictures refer to it.

For H.264 and HEVC, ffmpeg copies the video stream four times in one run (bitstream filter `filter_units`): as it is;
without the pictures that no other picture refers to; with the fresh ones only (`Pictures.fresh`); and of those only the
parameter sets that tell the size of a picture. This costs about 3 % of a transcode and runs beside the probe.
"""

import re
from pathlib import Path
from typing import Final

from runops_worker.media.limits import Limits
from runops_worker.media.probe.packets import PACKET_LIST, TRUE_TIMES
from runops_worker.media.probe.pictures import PictureList, Pictures
from runops_worker.media.sandbox.ffmpeg import hardened
from runops_worker.media.sandbox.run_tool import Allowance, Reach, run_tool

__all__ = ["survey"]

_FILE_BYTES: Final = 1024**2
# The survey runs beside the probe, and a pod has room for one ffmpeg with the full limit. A recording of 4 GB needs a
# quarter of this part.
_MEMORY_PART: Final = 4
# Four times the usual 60 pictures per second. Without a limit, a file of tiny blocks could list many millions of
# pictures, at twenty bytes each here and more in the selection.
_MOST_PER_SECOND: Final = 240
# Of a cover or a track that is not read here, in a codec that is not accepted.
_OTHER_TRACK: Final = re.compile(r"\[\w+ @ 0x[0-9a-f]+\] Codec \(\w+\) not on whitelist ")
# With the number of the unit that tells a picture's size: the sequence parameter set.
_MARKED_CODECS: Final = {"h264": 7, "hevc": 33}
_UNMARKED_CODECS: Final = frozenset({"vp8", "vp9", "av1"})


async def survey(
    path: Path, demuxer: str, codec: str, *, place: int = 0, limits: Limits, parts: Path | None = None
) -> Pictures | None:
    """Return the coded pictures of a recording.

    Parameters
    ----------
    path
        The recording.
    demuxer
        `mov` or `matroska`, from the file's first bytes.
    codec
        ffmpeg's name of the video codec.
    place
        Which track with pictures: ffmpeg's `0:V:PLACE`.
    limits
        What ffmpeg may use.
    parts
        As in `Recording`.

    Returns
    -------
    Pictures | None
        None if the references are unknown: another codec, an error in the file, or too many pictures.

    Raises
    ------
    MediaToolFailed
        ffmpeg ran out of time or memory.
    OSError
        The file does not exist.
    """
    marked = codec in _MARKED_CODECS
    if not marked and codec not in _UNMARKED_CODECS:
        return None
    copies = ["-map", f"0:V:{place}"]
    filters = [TRUE_TIMES]
    if marked:
        copies *= 4
        filters += [f"filter_units=discard=nonref,{TRUE_TIMES}"]
        filters += [f"noise=drop='not(key)',filter_units=discard=nonkey,{TRUE_TIMES}"]
        filters += [f"noise=drop='not(key)',filter_units=pass_types={_MARKED_CODECS[codec]},{TRUE_TIMES}"]
    for number, chain in enumerate(filters):
        copies += [f"-bsf:v:{number}", chain]
    # Times as in a transcode: from the beginning of the file, with the pictures before 0.
    copied = ("-c", "copy", "-copyinkf", "-copypriorss", "1", *PACKET_LIST)
    found, complaints = PictureList(most=int(_MOST_PER_SECOND * limits.max_duration_seconds)), 0

    def complain(line: str) -> None:
        nonlocal complaints
        if not _OTHER_TRACK.match(line):
            complaints += 1

    outcome = await run_tool(
        [
            *hardened(path, demuxer=demuxer, max_pixels=limits.max_pixels, parts=parts),
            *("-v", "repeat+error", *copies, *copied),
        ],
        allowance=Allowance(
            seconds=limits.probe_deadline(path.stat().st_size),  # noqa: ASYNC240 - local disk
            memory_bytes=limits.max_memory_bytes // _MEMORY_PART,
            file_bytes=_FILE_BYTES,
            require_landlock=limits.require_landlock,
        ),
        reach=Reach(reads=(path,) if parts is None else (path, parts)),
        on_stdout=found.take,
        on_stderr=complain,
    )
    # A filter that fails on a packet drops it, so the list would be wrong.
    if outcome.returncode != 0 or complaints:
        return None
    return found.pictures(marked=marked)
