"""How finely the model sees the pictures of a recording."""

from enum import StrEnum

__all__ = ["PictureResolution"]


class PictureResolution(StrEnum):
    """The resolution at which the model gets each picture. Tokens depend on it, not on the video's size."""

    HIGH = "high"
    """280 tokens with Gemini 3 and 4, 258 with Gemini 2: Google recommends it for text in videos."""
    LOW = "low"
    """70 tokens with Gemini 3 and 4, where it is what the API takes by itself, and 66 with Gemini 2."""
