"""How the pictures of a track are coded, as far as they must be changed before they look as a player shows them."""

from dataclasses import dataclass
from typing import Final

__all__ = ["HLG", "PQ", "UNKNOWN", "PictureFormat"]

PQ: Final = "smpte2084"
"""ffmpeg's name of the transfer curve of HDR10: a value stands for a brightness in nits, up to 10,000."""
HLG: Final = "arib-std-b67"
"""ffmpeg's name of the curve of broadcast HDR and of telephones."""


@dataclass(frozen=True, kw_only=True)
class PictureFormat:
    """ffmpeg's words for the pictures of a track; empty where the file says nothing.

    Attributes
    ----------
    pixels
        The pixel format: `yuv420p`, `gbrp`.
    full_range
        Whether black is 0 and not 16 (of 255).
    primaries, transfer
        The colour primaries and the transfer curve: `bt2020`, `smpte2084`.
    interlaced
        Whether a picture is made of the lines of two moments.
    """

    pixels: str = ""
    full_range: bool = False
    primaries: str = ""
    transfer: str = ""
    interlaced: bool = False

    @property
    def is_hdr(self) -> bool:
        """Whether it can be brighter than white."""
        return self.transfer in {PQ, HLG}

    @property
    def is_wide_gamut(self) -> bool:
        """Whether its numbers mean other colours than those of a usual video."""
        return self.is_hdr or self.primaries == "bt2020"

    @property
    def is_rgb(self) -> bool:
        """Whether it holds red, green and blue, or a palette of them."""
        return self.pixels.startswith(("rgb", "bgr", "gbr", "argb", "abgr", "0rgb", "0bgr", "pal8", "x2rgb", "x2bgr"))


UNKNOWN: Final = PictureFormat()
"""That of a file that says nothing."""
