"""A transcript as text that a person reads: one line for each thing that was done, seen or said. Pure."""

import textwrap
from collections.abc import Iterable, Iterator

from runops.procedure import wording
from runops.procedure.items import observed
from runops.procedure.model import Observed
from runops.procedure.readable import readable
from runops.transcript import AudioItem, TranscriptItem

__all__ = ["transcript_text"]

_TIME_WIDTH = 9


def transcript_text(items: Iterable[TranscriptItem], *, width: int | None = None) -> str:
    """Return the transcript as plain text that ends with a newline.

    Parameters
    ----------
    items
        In their order.
    width
        Columns after which lines are broken; never where None.
    """
    lines: list[str] = []
    application = ""
    for item in items:
        if isinstance(item, AudioItem):
            lines += _broken(item.start, f"\u201c{_one_line(item.verbatim_transcript_segment)}\u201d", width)
            continue
        one = observed("", item)
        if one.application and one.application != application:
            application = one.application
            lines += ["", f"{application}:"]
        lines += _broken(one.at, " ".join(_words(one)), width)
    return "\n".join(lines).lstrip("\n") + "\n"


def _words(one: Observed) -> Iterator[str]:
    yield wording.action(one)
    if one.value:
        yield f'"{_one_line(one.value)}"'
    if one.element:
        yield f'{"in " if one.value else ""}"{_one_line(one.element)}"'
    if one.result:
        yield f"- {_one_line(one.result)}"


def _one_line(text: str) -> str:
    return " ".join(readable(text).split())


def _broken(at: float, text: str, width: int | None) -> list[str]:
    first = f"{wording.clock(at):>{_TIME_WIDTH - 2}}  "
    if width is None:
        return [first + text]
    return textwrap.wrap(
        text,
        width,
        initial_indent=first,
        subsequent_indent=" " * _TIME_WIDTH,
        break_long_words=False,
        break_on_hyphens=False,
    ) or [first.rstrip()]
