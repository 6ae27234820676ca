"""Where the pictures of a document come from."""

from enum import StrEnum

__all__ = ["PictureSource"]


class PictureSource(StrEnum):
    """Values of `--pictures`."""

    BEST = "best"
    SLIM = "slim"
    NONE = "none"
