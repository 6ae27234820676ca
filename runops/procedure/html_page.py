"""A procedure as one HTML page that needs nothing else: no script, no font, no file beside it. Pure.

Whatever a recording shows or says is escaped by Jinja2. The page forbids everything that it does not need by a content
security policy of its own: its one style sheet is allowed by its hash, and pictures are data.
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from urllib.parse import quote, urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined

from runops.procedure import wording
from runops.procedure.flow_chart import flow_charts
from runops.procedure.model import Procedure
from runops.procedure.picture import Picture, shown_area
from runops.procedure.shown_ways import shown_ways
from runops.procedure.stored_pictures import moment_marks

__all__ = ["PictureAddress", "content_security_policy", "html_page", "linked_pictures_policy"]

_SHOWN_ACTIONS = 8
"""More of one step are counted, not listed."""


@dataclass(frozen=True, slots=True)
class PictureAddress:
    """Where a server has a picture: the part that matters, and the whole screen."""

    part: str
    whole: str


def html_page(
    procedure: Procedure,
    pictures: Mapping[str, Picture] | None = None,
    *,
    video: str | None = None,
    addresses: Mapping[str, PictureAddress] | None = None,
    icon: str | None = None,
) -> str:
    """Return the page.

    Parameters
    ----------
    procedure
        What is shown.
    pictures
        By the keys of `Procedure.moments`. A step whose picture is not among them says so.
    video
        Address of the recording, relative to the page or whole; times are links into it. Never a signed one. None for
        times without links.
    addresses
        By the same keys: pictures that the page names instead of holding them. They are of the origin of the page.
    icon
        Address of a small picture for the browser's tab, of the same origin; only with `addresses`.

    Raises
    ------
    ValueError
        The address is of another scheme than http and https.
    """
    return str(
        _environment()
        .get_template("page.html.j2")
        .render(
            procedure=procedure,
            pictures=dict(pictures or {}),
            addresses=dict(addresses or {}),
            icon=icon,
            moment_marks=moment_marks(pictures or {}, procedure.moments),
            charts=flow_charts(procedure),
            video=None if video is None else _address(video),
            policy=content_security_policy() if addresses is None else linked_pictures_policy(),
            style=_style(),
            most_actions=_SHOWN_ACTIONS,
        )
    )


def content_security_policy() -> str:
    """Return the policy that the page sets for itself; who serves it may send it as a header, too."""
    return _policy("data:")


def linked_pictures_policy() -> str:
    """Return the policy of a page whose pictures have addresses of their own."""
    return _policy("'self'")


def _policy(pictures: str) -> str:
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    return f"default-src 'none'; img-src {pictures}; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


@lru_cache(maxsize=1)
def _style() -> str:
    return resources.files("runops.procedure").joinpath("page.css").read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("runops.procedure", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        clock=wording.clock, action=wording.action, data_uri=_data_uri, paragraphs=_paragraphs, shown_ways=shown_ways
    )
    environment.globals.update(kinds=wording.KINDS, way=wording.way, shown_area=shown_area)
    return environment


def _data_uri(picture: Picture) -> str:
    return f"data:{picture.media_type};base64,{base64.b64encode(picture.data).decode()}"


def _paragraphs(text: str) -> list[str]:
    return [line for line in text.split("\n") if line]


def _address(video: str) -> str:
    if urlsplit(video).scheme not in {"", "http", "https"}:
        raise ValueError(f"{video[:80]!r} is no address of a video: use a path, http or https")
    return quote(video.split("#", 1)[0], safe="/:?&=%+,;@~!$'()*[]")
