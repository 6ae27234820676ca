"""In which language the worker writes into a SOP: the one that was chosen, or the one that the SOP is written in. Pure.

A language is recognised by its most frequent words. Three in a hundred words of a SOP would be found in a text of a
neighbouring language by chance, so more are asked for, and clearly more than of any other language.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

from runops_worker.sop.mask_sop import NAMES_AND_KINDS
from runops_worker.sop.wording.sentences import ENGLISH, LANGUAGES, Wording

__all__ = ["recognised", "wording_for"]

_LEAST_WORDS: Final = 4
_LEAST_SHARE: Final = 0.1
_LEAST_LEAD: Final = 1.5
"""So many times the frequent words of any other language."""
_LEAST_LETTERS: Final = 0.1
"""Share of letters that only one language has. Names of another language may stand in any text."""
_SCANDINAVIAN: Final = frozenset(
    ["og", "och", "som", "på", "att", "är", "er", "af", "til", "det", "ikke", "inte", "ett", "man", "har"]
)
"""Danish, Norwegian and Swedish have no table, and share `der`, `den` and `en` with German and Dutch."""
_MOST_CHARACTERS: Final = 100_000
_DEEPEST: Final = 16
_WORD: Final = re.compile(r"[^\W\d_]+")
_NO_PROSE: Final = NAMES_AND_KINDS | {"evidence"}


def wording_for(chosen: str | None, answer: Any) -> Wording:
    """Return the sentences for a SOP; the English ones where there are none in its language.

    Parameters
    ----------
    chosen
        The language that the installation asks for, such as `German` or `de-CH`; None for that of the recording.
    answer
        The SOP as the model gave it: any JSON value. It is in the language of the recording.
    """
    if chosen is None:
        return recognised(" ".join(_texts(answer))) or ENGLISH
    words = _WORD.findall(chosen.casefold())
    # A code comes first. A name may have others before it, as in `Brazilian Portuguese`.
    asked = {word for place, word in enumerate(words) if place == 0 or len(word) > 2}
    return next((wording for wording in LANGUAGES.values() if wording.asked_for_as & asked), ENGLISH)


def recognised(text: str) -> Wording | None:
    """Return the sentences of the language that a text is written in; None where it is not clear, or not among ours."""
    words = _WORD.findall(text[:_MOST_CHARACTERS].casefold())
    letters = sum(map(len, words))
    for wording in LANGUAGES.values():
        if wording.own_letters and letters:
            own = len(re.findall(f"[{wording.own_letters}]", text[:_MOST_CHARACTERS]))
            if own >= _LEAST_LETTERS * letters:
                return wording
    found = {name: sum(word in wording.frequent_words for word in words) for name, wording in LANGUAGES.items()}
    first = max(found, key=found.__getitem__)
    others = [count for name, count in found.items() if name != first]
    second = max(*others, sum(word in _SCANDINAVIAN for word in words))
    is_clear = found[first] >= max(_LEAST_WORDS, _LEAST_SHARE * len(words), _LEAST_LEAD * second)
    return LANGUAGES[first] if is_clear else None


def _texts(value: Any, depth: int = 0) -> Iterator[str]:
    """Return the prose inside a JSON value."""
    if isinstance(value, str):
        yield value
    elif depth < _DEEPEST:
        inner: list[Any] = value if isinstance(value, list) else []
        if isinstance(value, dict):
            inner = [each for key, each in value.items() if key not in _NO_PROSE]
        for each in inner:
            yield from _texts(each, depth + 1)
