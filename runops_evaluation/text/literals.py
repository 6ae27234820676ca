"""What a text states literally: quoted texts, addresses, paths, numbers, identifiers and names. Pure.

This is not what the worker removes literals by (`runops_worker.sop.evidence.literals`): a score that shared its code
could not see its mistakes.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from runops_evaluation.text.plain import has_digit, plain, words
from runops_evaluation.text.vocabulary import word_set

__all__ = ["literals", "states"]

_NOT_LITERAL: Final = re.compile(
    r"\{[^{}\n]{1,80}\}|\[[^\[\]\n]{1,40} hidden\]"
    r"|(?<![\d:])\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d{1,3})?)?(?![\d:])|\bt\d{4,6}\b"
)
"""Names of variables, hidden secrets, times of the recording, names of items."""
_QUOTED: Final = re.compile(r"[\"“”„«]([^\"“”„«»\n]{1,200})[\"“”»]|(?<!\w)['‘]([^'‘’\n]{1,200})['’](?!\w)")  # noqa: RUF001
_ADDRESS: Final = re.compile(
    r"[a-z][a-z0-9+.-]+://\S+"
    r"|[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
    # An address without a scheme, a file, a user name.
    r"|(?<![\w.])[\w-]*[a-z][\w-]*(?:\.[a-z]\w+)+(?:/\S*)?"
    r"|(?<!\w)(?:~|\.{0,2})/\S+/\S*",
    re.IGNORECASE,
)
_WITH_DIGIT: Final = re.compile(r"(?<![\w.,'-])[\w'.,-]*\d[\w'.,-]*")
_WORD: Final = re.compile(r"[\w'-]+")
_SENTENCE_ENDS: Final = frozenset('.!?:;\n("')
_MOST_CAPITALS: Final = 0.5
"""In a text with a larger share of capitalised words within sentences, capitals name nothing: It Is a Headline."""
_GERMAN: Final = word_set("der die das den dem und auf zum zur im ein eine einen mit von für ist sind wird nicht")
"""German capitalises every noun."""


@lru_cache(maxsize=16_384)
def literals(text: str) -> tuple[str, ...]:
    """Return the literals of a text, each once, in order of appearance. Variables and times are none."""
    # What is quoted with a variable in it is not quoted letter by letter.
    left = _NOT_LITERAL.sub("\n", text)
    found: list[tuple[int, str]] = []
    for pattern in (_QUOTED, _ADDRESS, _WITH_DIGIT):
        found += [(match.start(), next(filter(None, (*match.groups(), match[0])))) for match in pattern.finditer(left)]
        left = pattern.sub(lambda match: " " * len(match[0]), left)
    found += [(match.start(), match[0]) for match in _names(left)]
    cleaned = (literal.strip(" .,;:!?)'") for _, literal in sorted(found))
    return tuple({plain(literal): literal for literal in cleaned if words(literal)}.values())


def states(text: str, literal: str) -> bool:
    """Tell whether a text has a literal: its words one after the other, whatever their case and form."""
    wanted, there = words(literal), words(text)
    length = len(wanted)
    if any(there[at : at + length] == wanted for at in range(len(there) - length + 1)):
        return True
    # A part of a longer word, such as Refunds in Menu/Refunds.
    if re.search(_apart(plain(literal), marks=".,'"), plain(text)):
        return True
    # INV 2042 and INV-2042, 3 480 and 3480.
    return has_digit(literal) and re.search(_apart(_squeezed(literal)), _squeezed(text)) is not None


def _apart(literal: str, *, marks: str = "") -> str:
    """Return a pattern that finds a literal, but not as a part of a number.

    Parameters
    ----------
    literal
        The literal.
    marks
        What may stand inside a number, where the text still has that; then no letter may stand beside the literal.
    """
    before, after = (r"(?<!\w)", r"(?!\w)") if marks else ("", "")
    if literal[:1].isdigit():
        before += rf"(?<!\d[{marks}])" if marks else r"(?<!\d)"
    if literal[-1:].isdigit():
        after += rf"(?![{marks}]\d)" if marks else r"(?!\d)"
    return f"{before}{re.escape(literal)}{after}"


def _squeezed(text: str) -> str:
    return "".join(filter(str.isalnum, "".join(words(text))))


def _names(text: str) -> Iterator[re.Match[str]]:
    if not _GERMAN.isdisjoint(words(text)):
        return
    inside = [match for match in _WORD.finditer(text) if not _begins_a_sentence(text, match.start())]
    capitalised = [match for match in inside if match[0][0].isupper()]
    if len(capitalised) <= max(_MOST_CAPITALS * len(inside), 1):
        yield from capitalised


def _begins_a_sentence(text: str, at: int) -> bool:
    before = text[:at].rstrip(" ")
    return not before or before[-1] in _SENTENCE_ENDS
