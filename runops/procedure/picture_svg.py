"""A picture as an SVG file of its own: the part that matters with its mark, or the whole screen. Pure.

A page that names its pictures by addresses cannot know their marks before they are taken. So each file has its own.
"""

import base64
from html import escape
from typing import Final

from runops.procedure.picture import Area, Picture, shown_area

__all__ = ["SVG_POLICY", "picture_svg", "sentence_svg"]

SVG_POLICY: Final = "default-src 'none'; img-src data:; sandbox; frame-ancestors 'none'"
"""For whoever opens such a file by itself: nothing in it can run."""
_START: Final = '<svg xmlns="http://www.w3.org/2000/svg"'
_LINE: Final = 46


def picture_svg(picture: Picture, *, whole: bool) -> str:
    """Return the file.

    Parameters
    ----------
    picture
        What is shown.
    whole
        Whether all of the screen is shown; else the part around its mark.
    """
    area = Area(0, 0, picture.width, picture.height) if whole else shown_area(picture)
    data = base64.b64encode(picture.data).decode()
    return (
        f'{_START} viewBox="{area.x} {area.y} {area.width} {area.height}" width="{area.width}" height="{area.height}">'
        f'<image width="{picture.width}" height="{picture.height}" href="data:{picture.media_type};base64,{data}"/>'
        f"{'' if picture.mark is None else _frame(picture.mark, picture.width)}</svg>"
    )


def sentence_svg(sentence: str) -> str:
    """Return a file that says why there is no picture."""
    lines: list[str] = [""]
    for word in sentence.split():
        if len(lines[-1]) + len(word) >= _LINE and lines[-1]:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    top = 180 - 14 * (len(lines) - 1)
    texts = "".join(
        f'<text x="320" y="{top + 28 * number}" font-family="sans-serif" font-size="20" text-anchor="middle" '
        f'fill="#5b4a1f">{escape(line)}</text>'
        for number, line in enumerate(lines)
    )
    return (
        f'{_START} viewBox="0 0 640 360" width="640" height="360"><rect width="640" height="360" fill="#fdf1dc"/>'
        f"{texts}</svg>"
    )


def _frame(mark: Area, width: int) -> str:
    place = f'x="{mark.x}" y="{mark.y}" width="{mark.width}" height="{mark.height}" rx="{width // 160}" fill="none"'
    return "".join(
        f'<rect {place} stroke="{colour}" stroke-opacity="{opacity}" stroke-width="{max(width * part // 1280, part)}"/>'
        for colour, opacity, part in (("#fff", 0.85, 8), ("#e11d48", 1, 4))
    )
