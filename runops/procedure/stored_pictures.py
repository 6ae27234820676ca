"""The pictures in a page that was stored: each is found again by its moment. Pure.

A stored page may be older than the SOP, its transcript or its rules for secrets. So a picture names the moment that it
was taken for, with all that must not be seen on it, and is taken only for exactly that moment.
"""

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Final

from runops.procedure.model import Moment
from runops.procedure.picture import Area, Picture

__all__ = ["moment_marks", "moment_name", "pictures_in", "pictures_version"]

_RULES: Final = 2
"""Changes with the rules for what a picture may show: pictures of earlier rules are not used."""
_LINE: Final = '<svg class="store"'
_IMAGE: Final = re.compile(
    r'<image id="picture-(?P<at>\d{1,7}(?:\.\d{1,6})?)" data-moments="(?P<moments>[0-9a-f:,\- ]{1,20000})"'
    r' width="(?P<width>[1-9]\d{0,4})" height="(?P<height>[1-9]\d{0,4})"'
    r' href="data:(?P<type>image/(?:webp|jpeg|png));base64,(?P<data>[A-Za-z0-9+/=]{1,12000000})"/>'
)
_MOMENT: Final = re.compile(r"([0-9a-f]{16}):(?:-|(\d{1,5}),(\d{1,5}),(\d{1,5}),(\d{1,5}))")
_LONGEST: Final = 12_100_000
"""Of a line: a picture of nine megabytes."""


def moment_name(moment: Moment) -> str:
    """Return a name that differs for moments of which another picture must be shown."""
    return _digest(asdict(moment))


def pictures_version(moments: Sequence[Moment]) -> str:
    """Return a name of all pictures of a procedure together."""
    return _digest([moment_name(moment) for moment in moments])


def moment_marks(pictures: Mapping[str, Picture], moments: Iterable[Moment]) -> dict[float, str]:
    """Return by second for which moments its picture was taken, and their marks, as a page holds them."""
    found: dict[float, list[str]] = {}
    for moment in moments:
        if (picture := pictures.get(moment.key)) is not None:
            mark = picture.mark
            place = "-" if mark is None else f"{mark.x},{mark.y},{mark.width},{mark.height}"
            found.setdefault(picture.at, []).append(f"{moment_name(moment)}:{place}")
    return {at: " ".join(marks) for at, marks in found.items()}


def pictures_in(lines: Iterable[str], moments: Iterable[Moment]) -> dict[str, Picture]:
    """Return the pictures of these moments that a stored page has, by the moments' keys.

    Parameters
    ----------
    lines
        Of the page. Whoever may write into the bucket may have written them: nothing but pictures is taken from them.
    moments
        Which ones.
    """
    keys: dict[str, list[str]] = {}
    for moment in moments:
        keys.setdefault(moment_name(moment), []).append(moment.key)
    return {
        key: picture
        for line in lines
        if line.startswith(_LINE) and len(line) <= _LONGEST
        for name, picture in _of_line(line)
        for key in keys.get(name, ())
    }


def _of_line(line: str) -> Iterator[tuple[str, Picture]]:
    found = _IMAGE.search(line)
    if found is None:
        return
    width, height = int(found["width"]), int(found["height"])
    try:
        data = base64.b64decode(found["data"], validate=True)
    except binascii.Error:
        return
    for one in found["moments"].split(" "):
        match = _MOMENT.fullmatch(one)
        if match is None:
            continue
        mark = None if match[2] is None else Area(*(int(match[group]) for group in (2, 3, 4, 5)))
        yield (
            match[1],
            Picture(data=data, media_type=found["type"], width=width, height=height, at=float(found["at"]), mark=mark),
        )


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps([_RULES, value], sort_keys=True).encode()).hexdigest()[:16]
