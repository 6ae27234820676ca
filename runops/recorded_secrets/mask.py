"""Hides the secrets of a text. Pure, and linear in the length of the text."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from runops.recorded_secrets.card_numbers import card_numbers
from runops.recorded_secrets.key_formats import keys_of_known_form
from runops.recorded_secrets.named_values import named_values
from runops.recorded_secrets.span import MARKER, Span, marker

__all__ = ["Masked", "markers_in", "mask"]


@dataclass(frozen=True, slots=True)
class Masked:
    """A text without its secrets.

    Attributes
    ----------
    text
        Each secret is replaced by a fixed form, such as `[password hidden]`.
    secrets
        What was replaced; never to be shown.
    """

    text: str
    secrets: tuple[str, ...] = field(default=(), repr=False)

    @property
    def count(self) -> int:
        """Number of secrets that were replaced."""
        return len(self.secrets)


def mask(text: str) -> Masked:
    """Return the text with its secrets hidden. A text that was masked before is unchanged.

    A secret has a known form (a private key, a token of a known provider, a card number), or the text names it as one
    ("the password is ...", `API_KEY=...`). Everything else stays: see docs/evidence.md.
    """
    hidden = [match.span() for match in MARKER.finditer(text)]
    spans = [
        span
        for span in _apart([*keys_of_known_form(text), *named_values(text), *card_numbers(text)])
        if not _overlaps(span, hidden)
    ]
    parts: list[str] = []
    at = 0
    for span in spans:
        parts += (text[at : span.start], marker(span.kind))
        at = span.end
    parts.append(text[at:])
    return Masked("".join(parts), tuple(text[span.start : span.end] for span in spans))


def markers_in(text: str) -> int:
    """Return how many secrets are hidden in a text that was masked."""
    return len(MARKER.findall(text))


def _overlaps(span: Span, ranges: list[tuple[int, int]]) -> bool:
    """Tell whether a span overlaps one of the ranges, which are ordered and apart."""
    following = bisect_right(ranges, (span.start, span.end))
    return any(start < span.end and span.start < end for start, end in ranges[max(following - 1, 0) : following + 1])


def _apart(spans: Iterable[Span]) -> Iterator[Span]:
    """Join spans that overlap: the first one says what the secret is."""
    current: Span | None = None
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        if current is None:
            current = span
        elif span.start < current.end:
            current = Span(current.start, max(current.end, span.end), current.kind)
        else:
            yield current
            current = span
    if current is not None:
        yield current
