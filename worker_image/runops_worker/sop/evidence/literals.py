"""Finds what a SOP states literally: addresses, commands, amounts, names and quoted words. Pure.

What is found here must have been shown or said. Everything else is wording, which is the SOP's own.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Literal as OneOf

from runops.recorded_secrets.span import MARKER
from runops_worker.sop.evidence.observations import Observations
from runops_worker.sop.evidence.plain_text import numbers_in, plain, squeezed, words_of

__all__ = ["Kind", "Literal", "is_observed", "literals"]

Kind = OneOf[
    "address", "email_address", "path", "command", "file", "value", "account", "amount", "identifier", "number", "name"
]


@dataclass(frozen=True, slots=True)
class Literal:
    """A literal in a text, from `start` up to `end`."""

    start: int
    end: int
    kind: Kind
    text: str


_TOP_LEVEL = (
    "com|net|org|io|dev|app|ai|co|de|at|ch|fr|es|it|nl|be|pl|pt|se|no|dk|fi|eu|uk|ie|us|ca|au|nz|in|jp|cn|ru|ua|br|mx|kr"
    "|info|biz|edu|gov|mil|int|xyz|online|site|shop|store|tech|cloud|top|club|live|click|link|me|tv|cc|gg|sh|zip|mov"
    "|example|test|local|localhost|internal|invalid|onion"
)
_PATTERNS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    # A command first: an address inside it is a part of it.
    ("command", re.compile(r"`[^`\n]{2,300}`")),
    (
        "command",
        re.compile(
            r"(?i)(?<![\w-])(?:sudo|rm|curl|wget|chmod|chown|ssh|scp|kubectl|docker|pip3?|npm|git|psql|powershell|certutil"
            r"|nc|bash|sh|dd|mkfs\S*)(?: (?:-{1,2}\w\S*|\S*[/|=~:]\S*)){1,12}"
        ),
    ),
    ("email_address", re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")),
    ("address", re.compile(r"(?i)\b[a-z][a-z0-9+.-]{1,20}://[^\s\"'`<>(){}\[\]„“”]+|\bwww\.[^\s\"'`<>(){}\[\]„“”]+")),
    # Not what `://` is in, but followed like an address.
    ("address", re.compile(r"(?i)\b(?:(?:java|vb)script:|data:[\w/+.-]+[;,])[^\s\"'`<>{}\[\]„“”]+")),
    (
        "address",
        re.compile(
            rf"(?i)(?<![\w@.-])(?:[a-z0-9](?:[a-z0-9-]{{0,62}})\.){{1,8}}(?:{_TOP_LEVEL})(?![\w-])(?!\.\w)"
            r"(?::\d{2,5})?(?:/[^\s\"'`<>(){}\[\]„“”]*)?"
        ),
    ),
    ("address", re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?::\d{2,5})?(?![\w.])")),
    ("path", re.compile(r"(?<![\w/.:])(?:~|\.{1,2})?/(?:[\w.-]{1,100}/)+[\w.-]{0,100}|\b[A-Za-z]:\\[^\s\"'<>|]+")),
    ("value", re.compile(r"[\"“”„«][^\"“”„«»\n]{2,200}[\"“”»]|(?<![\w'’])['‘][^'‘’\n]{2,200}['’](?!\w)")),  # noqa: RUF001
    (
        "file",
        re.compile(
            r"(?i)(?<![\w.])[\w-]{1,100}\.(?:pdf|csv|tsv|xlsx?|docx?|pptx?|txt|png|jpe?g|zip|json|ya?ml|xml|html?|exe|msi|bat"
            r"|cmd|ps1|py|js|sql|log|key|pem|env|iso|dmg)(?![\w-])"
        ),
    ),
    # An IBAN, in groups or not (ISO 13616).
    ("account", re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b")),
    (
        "amount",
        re.compile(
            r"(?i)[$€£¥₹]\s?\d[\d.,' ]*\d|[$€£¥₹]\s?\d"
            r"|(?<![\w.,])(?:\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?:[.,]\d+)?|\d(?:[\d.,']*\d)?)"
            r"\s?(?:[$€£¥₹%]|(?:usd|eur|gbp|chf|jpy|dollars?|euros?|pounds?|percent|prozent)\b)"
        ),
    ),
    (
        "identifier",
        re.compile(
            r"(?<![\w{])(?!\d+(?:st|nd|rd|th|am|pm|px|h|min|ms|s|x|k|kb|mb|gb|tb|d|fps|p)\b)"
            r"(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[A-Za-z0-9][\w-]{3,63}(?![\w}])"
        ),
    ),
    (
        "number",
        re.compile(
            r"(?<![\w.,:/#-])#?\d(?:[\d.,']*\d){2,}(?![\w:/-])"
            r"(?!\s?(?:steps?|times?|items?|observations?|seconds?|minutes?|hours?|days?|rows?|pixels?|x)\b)"
        ),
    ),
)
_PLACEHOLDER = re.compile(r"\{[^{}\n]{1,80}\}")
_TIME = re.compile(r"(?<![\d:])\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d{1,3})?)?(?![\d:])")
_ITEM = re.compile(r"\b(?:t\d{4,6}|a\d{4})\b")
_CAPITALISED = re.compile(r"(?<![\w.@/-])[A-ZÀ-ÖØ-Þ][\w'’-]*[a-zà-öø-ÿ][\w'’-]*")  # noqa: RUF001
_BEFORE_A_SENTENCE = frozenset('.!?:;•>\n("“„¿¡')
_CAPITALISED_ANYWAY = """
    monday tuesday wednesday thursday friday saturday sunday january february march april may june july august september
    october november december english german french spanish italian internet enter escape tab ctrl control shift alt
    delete backspace command return space yes no i'm i'll i've
"""
_ALWAYS_CAPITALISED = frozenset(_CAPITALISED_ANYWAY.split())
_CLOSING = ".,;:!?)"
_LEAST_LETTERS = 4
_LEAST_OF_A_RUN = 5
"""Digits that are found inside a longer number, such as one of a phone: fewer are in some number by chance."""


def literals(text: str, *, names: bool) -> list[Literal]:
    """Return the literals of a text, in order and apart.

    Parameters
    ----------
    text
        A label, a description or a value.
    names
        Whether capitalised words inside a sentence are names: not so in a language or a style that capitalises more.
    """
    taken = _Taken()
    for pattern in (_PLACEHOLDER, MARKER, _TIME, _ITEM):
        for match in pattern.finditer(text):
            taken.take(*match.span())
    found: list[Literal] = []
    for kind, pattern in _PATTERNS:
        for match in pattern.finditer(text):
            literal = _trimmed(match.start(), match.end(), kind, text)
            if literal.text and taken.take(literal.start, literal.end):
                found.append(literal)
    if names:
        found += [literal for literal in _names(text) if taken.take(literal.start, literal.end)]
    return sorted(found, key=lambda literal: literal.start)


def _trimmed(start: int, end: int, kind: Kind, text: str) -> Literal:
    """Leave out the punctuation of the sentence and the quotation marks."""
    if kind in {"value", "command"} and not text[start].isalnum():
        return Literal(start + 1, end - 1, kind, text[start + 1 : end - 1])
    while end > start and text[end - 1] in _CLOSING:
        end -= 1
    return Literal(start, end, kind, text[start:end])


class _Taken:
    """Ranges of a text that are apart."""

    def __init__(self) -> None:
        self._ranges: list[tuple[int, int]] = []

    def take(self, start: int, end: int) -> bool:
        """Take a range; False where it overlaps another one, which stays."""
        at = bisect_left(self._ranges, (start, end))
        before, after = self._ranges[max(at - 1, 0) : at], self._ranges[at : at + 1]
        if any(other_end > start for _, other_end in before) or any(other < end for other, _ in after):
            return False
        self._ranges.insert(at, (start, end))
        return True


def _names(text: str) -> Iterator[Literal]:
    for match in _CAPITALISED.finditer(text):
        if not _begins_a_sentence(text, match.start()) and plain(match[0]) not in _ALWAYS_CAPITALISED:
            yield Literal(match.start(), match.end(), "name", match[0])


def _begins_a_sentence(text: str, at: int) -> bool:
    before = text[max(at - 4, 0) : at]
    return not before.strip() or "\n" in before or before.rstrip()[-1] in _BEFORE_A_SENTENCE


def is_observed(literal: Literal, observed: Observations) -> bool:
    """Tell whether a literal was shown or said, with tolerance for case, spacing, number formats and spelling."""
    if literal.kind in {"address", "email_address"}:
        return _is_address_observed(literal.text, observed)
    if literal.kind in {"amount", "number"}:
        is_same = bool(observed.numbers.intersection(numbers_in(literal.text)))
        return is_same or (literal.kind == "number" and _is_in_a_run(literal.text, observed.digit_runs))
    if literal.kind == "name":
        return all(observed.has_word(word) for word in words_of(literal.text))
    letters = squeezed(literal.text)
    if not letters:
        return True
    if len(letters) < _LEAST_LETTERS:
        return all(word in observed.all_words for word in words_of(literal.text))
    if letters in observed.letters or letters in observed.spoken_letters:
        return True
    words = words_of(literal.text)
    return literal.kind == "value" and len(words) > 1 and all(observed.has_word(word) for word in words)


def _is_in_a_run(number: str, runs: AbstractSet[str]) -> bool:
    digits = "".join(filter(str.isdigit, number))
    return digits in runs or (len(digits) >= _LEAST_OF_A_RUN and any(digits in run for run in runs))


def _is_address_observed(address: str, observed: Observations) -> bool:
    bare = re.sub(r"^(?:[a-z][a-z0-9+.-]*://)?(?:www\.)?", "", plain(address)).rstrip("/.,;:")
    if not bare:
        return True
    texts = (observed.text, observed.text_with_signs, observed.text_with_digits)
    if not any(bare in text for text in texts):
        return False
    # The same letters inside another host's name are another address.
    whole = re.compile(rf"(?<![\w-])(?<![\w-]\.){re.escape(bare)}(?![\w-])(?!\.\w)")
    www = re.compile(rf"(?<![\w.-])www\.{re.escape(bare)}(?![\w-])(?!\.\w)")
    return any(pattern.search(text) is not None for pattern in (whole, www) for text in texts)
