"""The size of the slim picture."""

from typing import Final

__all__ = ["slim_size"]

_MAX_WIDTH: Final = 4096  # beyond it many H.264 decoders give up


def slim_size(width: int, height: int, *, wanted_height: int) -> tuple[int, int]:
    """Scale to a height, never up, keeping the shape; both sides are even, as 4:2:0 colour needs.

    Parameters
    ----------
    width, height
        The picture as shown.
    wanted_height
        Height in pixels at most.

    Returns
    -------
    tuple[int, int]
        Width and height.
    """
    factor = min(wanted_height / height, _MAX_WIDTH / width, 1.0)
    return _even(width * factor), _even(height * factor)


def _even(side: float) -> int:
    return max(round(side / 2) * 2, 2)
