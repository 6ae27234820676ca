"""The ffmpeg binary, and the arguments that restrict it to one local file of a known type."""

import os
import shutil
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Final

from runops_worker.media.codecs import AUDIO_CODECS, DECODERS_OF_OTHER_NAMES, VIDEO_CODECS
from runops_worker.media.containers import CONTAINERS
from runops_worker.media.errors import MediaToolFailed

__all__ = ["binary", "hardened", "part_list"]

# -codec_whitelist takes names of decoders. Some differ from the name of their codec.
_DECODERS: Final = ",".join(sorted(VIDEO_CODECS | AUDIO_CODECS | DECODERS_OF_OTHER_NAMES))
_PACKAGE: Final = "imageio_ffmpeg.binaries"
# ffmpeg also stops after 5 MB.
_ANALYZED: Final = ("-analyzeduration", f"{600 * 10**6}")


def binary() -> str:
    """Return the absolute path of ffmpeg: from RUNOPS_FFMPEG, from imageio-ffmpeg or from PATH, in this order.

    Raises
    ------
    MediaToolFailed
        No ffmpeg was found.
    """
    named = os.environ.get("RUNOPS_FFMPEG")
    if named:
        if not os.access(named, os.X_OK):
            raise MediaToolFailed(f"RUNOPS_FFMPEG names {named}, which is not an executable file.")
        return str(Path(named).absolute())
    # imageio_ffmpeg.get_ffmpeg_exe() runs what it finds with this process's environment, which may hold keys.
    found = _packaged() or shutil.which("ffmpeg")
    if found is None:
        raise MediaToolFailed("ffmpeg was not found: install imageio-ffmpeg or set RUNOPS_FFMPEG.")
    return str(Path(found).absolute())


def _packaged() -> str | None:
    try:
        files = resources.files(_PACKAGE).iterdir()
    except ModuleNotFoundError:
        # A command line without the extra `worker`.
        return None
    return next((str(file) for file in files if file.name.startswith("ffmpeg-")), None)


def hardened(
    source: Path,
    *,
    demuxer: str,
    max_pixels: int,
    input_options: tuple[str, ...] = (),
    parts: Path | None = None,
) -> list[str]:
    """Return the beginning of every ffmpeg command: the binary, the restrictions and the input.

    The list of protocols alone is not enough, because a playlist can name other local files. So the command names the
    demuxer, and allows its family of demuxers and the accepted codecs only. This holds for a demuxer that ffmpeg would
    open inside the file, too: a subtitle track of an AVI may be a playlist.

    Parameters
    ----------
    source
        The file to read.
    demuxer
        A key of `CONTAINERS`, from the file's first bytes.
    max_pixels
        Largest picture that a decoder may allocate.
    input_options
        Further options of the input.
    parts
        A list of the recordings in the file, as `part_list` writes it. They are read as one. None if there is one.
    """
    joins = parts is not None
    opened = ("-safe", "0", "-f", "concat") if joins else ("-f", demuxer)
    return [
        binary(),
        *("-hide_banner", "-nostdin", "-nostats", "-y"),
        *("-protocol_whitelist", "file,pipe,subfile" if joins else "file,pipe", "-codec_whitelist", _DECODERS),
        *("-format_whitelist", f"concat,{CONTAINERS[demuxer].family}" if joins else CONTAINERS[demuxer].family),
        *("-max_pixels", str(max_pixels)),
        *(_ANALYZED if CONTAINERS[demuxer].has_no_header else ()),
        *input_options,
        *(*opened, "-i", f"file:{(parts or source).absolute()}"),
    ]


def part_list(source: Path, *, demuxer: str, parts: Sequence[tuple[int, int, float | None]]) -> str:
    """Return the list by which ffmpeg reads recordings in one file as if they were one.

    Parameters
    ----------
    source
        The file. It is the only one in the list.
    demuxer
        A key of `CONTAINERS`. No part is opened as anything else, as a list of further files for example.
    parts
        For each recording its first byte, the byte behind its last one, and its length in seconds; None if ffmpeg is to
        find out.
    """
    lines = ["ffconcat version 1.0"]
    for begin, end, seconds in parts:
        url = f"subfile,,start,{begin},end,{end},,:file:{source.absolute()}".replace("'", "'\\''")
        lines += [f"file '{url}'", f"option format_whitelist {CONTAINERS[demuxer].family}"]
        lines += [] if seconds is None else [f"duration {seconds:.6f}"]
    return "\n".join([*lines, ""])
