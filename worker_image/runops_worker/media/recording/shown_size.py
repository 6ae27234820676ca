"""The size at which a player shows a picture."""

from fractions import Fraction

__all__ = ["shown_size"]


def shown_size(width: int, height: int, sar: Fraction) -> tuple[int, int]:
    """Return a picture's size in square pixels.

    Pixels that are not square are stretched in one direction and never shrunk, so that no line of text is lost.

    Parameters
    ----------
    width, height
        Coded size.
    sar
        Width of a pixel divided by its height.

    Returns
    -------
    tuple[int, int]
        Width and height, at least 1.
    """
    if sar < 1:
        return max(width, 1), max(round(height / sar), 1)
    return max(round(width * sar), 1), max(height, 1)
