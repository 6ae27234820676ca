"""The size of the slim video's picture."""

from typing import Final

__all__ = ["LONGEST_SIDE", "slim_size"]

LONGEST_SIDE: Final = 4096
"""In pixels. Many H.264 decoders cannot decode a larger side. It bounds the encoder's memory, too."""


def slim_size(width: int, height: int, *, shorter_side: int, enlarge: bool = False) -> tuple[int, int]:
    """Scale down to a length of the shorter side and keep the aspect ratio, so that text can be read.

    A telephone that stands upright keeps as many pixels per letter as one that lies. Both sides are even, as 4:2:0
    colour requires.

    Parameters
    ----------
    width, height
        The picture as a player shows it.
    shorter_side
        Largest length of the shorter side in pixels.
    enlarge
        Whether a smaller picture is enlarged to it.

    Returns
    -------
    tuple[int, int]
        Width and height.
    """
    factor = min(shorter_side / min(width, height), LONGEST_SIDE / max(width, height))
    if not enlarge:
        factor = min(factor, 1.0)
    return _even(width * factor), _even(height * factor)


def _even(side: float) -> int:
    return max(round(side / 2) * 2, 2)
