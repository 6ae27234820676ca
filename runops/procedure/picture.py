"""A picture of the screen, as a document shows it."""

from dataclasses import dataclass

__all__ = ["Area", "Picture", "shown_area"]


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle in pixels of the picture, from its left upper corner."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """The whole screen at one moment.

    Attributes
    ----------
    data, media_type
        The file, such as `image/webp`.
    width, height
        In pixels.
    at
        Second of the recording that it shows. Pictures of one second are the same file.
    mark
        Where something was done; None where that is not known for sure.
    """

    data: bytes
    media_type: str
    width: int
    height: int
    at: float
    mark: Area | None = None


_LEAST_SHARE = 0.6
"""Of width and height: less of a screen does not show where one is."""
_MARGIN = 0.12
_BEFORE_THE_MARK = 0.58
"""The middle of the mark is so far from the left: the name of a field is before it."""
_WORTH_IT = 0.85


def shown_area(picture: Picture) -> Area:
    """Return the part of a picture that is shown first: what matters with its surroundings, in the picture's form.

    Without a mark, and where the mark takes most of the screen, that is the whole picture.
    """
    whole = Area(0, 0, picture.width, picture.height)
    mark = picture.mark
    if mark is None:
        return whole
    share = max(
        _LEAST_SHARE,
        mark.width / picture.width + 2 * _MARGIN,
        mark.height / picture.height + 2 * _MARGIN,
    )
    if share > _WORTH_IT:
        return whole
    width, height = round(picture.width * share), round(picture.height * share)
    x = round(mark.x + mark.width / 2 - width * _BEFORE_THE_MARK)
    y = round(mark.y + mark.height / 2 - height / 2)
    return Area(min(max(x, 0), picture.width - width), min(max(y, 0), picture.height - height), width, height)
