"""Which ffmpeg is run, and the arguments that keep it to one local file of a known kind."""

import os
import shutil
from importlib import resources
from pathlib import Path
from typing import Final

from runops_worker.media.codecs import AUDIO_CODECS, VIDEO_CODECS
from runops_worker.media.errors import MediaToolFailed

__all__ = ["binary", "hardened"]

# The list compares decoders, some of which have other names than their codec.
_DECODERS: Final = ",".join(
    sorted(VIDEO_CODECS | AUDIO_CODECS | {"libdav1d", "libopus", "libvorbis", "mp3float", "libvpx", "libvpx-vp9"})
)
_PACKAGE: Final = "imageio_ffmpeg.binaries"
_DEMUXERS: Final = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm"


def binary() -> str:
    """Absolute path of ffmpeg: the one named by RUNOPS_FFMPEG, the one that comes with imageio-ffmpeg, or the system's.

    Raises
    ------
    MediaToolFailed
        There is none.
    """
    named = os.environ.get("RUNOPS_FFMPEG")
    if named:
        if not os.access(named, os.X_OK):
            raise MediaToolFailed(f"RUNOPS_FFMPEG names {named}, which is not an executable file.")
        return str(Path(named).absolute())
    # imageio-ffmpeg's own search starts what it finds with this process's environment, and keys may stand there.
    packaged = (str(file) for file in resources.files(_PACKAGE).iterdir() if file.name.startswith("ffmpeg-"))
    found = next(packaged, None) or shutil.which("ffmpeg")
    if found is None:
        raise MediaToolFailed("There is no ffmpeg: install imageio-ffmpeg or set RUNOPS_FFMPEG.")
    return str(Path(found).absolute())


def hardened(source: Path, *, demuxer: str, max_pixels: int, input_options: tuple[str, ...] = ()) -> list[str]:
    """Give the beginning of every command: the binary, the fences and the input.

    A playlist can name other local files, so the protocol list alone is no fence: the demuxer is named outright, and
    all but two families of demuxers and the codecs in use are off limits.

    Parameters
    ----------
    source
        The file to read.
    demuxer
        `mov` or `matroska`, as the file's first bytes tell.
    max_pixels
        Largest picture the decoders may allocate.
    input_options
        Further options that stand before the input.
    """
    return [
        binary(),
        *("-hide_banner", "-nostdin", "-nostats", "-y"),
        *("-protocol_whitelist", "file,pipe", "-format_whitelist", _DEMUXERS, "-codec_whitelist", _DECODERS),
        *("-max_pixels", str(max_pixels)),
        *input_options,
        *("-f", demuxer, "-i", f"file:{source.absolute()}"),
    ]
