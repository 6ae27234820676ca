"""How similar two steps of a SOP are by their words. Pure, symmetric, the same on every machine."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from rapidfuzz import fuzz

from runops_evaluation.text.literals import literals
from runops_evaluation.text.plain import has_digit, words
from runops_evaluation.text.vocabulary import ACTIONS, PARTS, SMALL, folded

__all__ = ["SAME_STEP", "step_similarity"]

SAME_STEP: Final = 0.57
"""From this similarity on two steps may be the same. Tried on the pairs of tests/evaluation/step_pairs.toml."""
_LITERAL: Final = 1.5
_WORD: Final = 1.0
_LITTLE: Final = 0.5
_LEAST_LETTERS: Final = 4
_SAME_WORD: Final = 80.0
"""rapidfuzz's ratio from which two words are forms of one: invoice and invoices, approve and approver."""
_SAME_LITERAL: Final = 87.0
"""The same for two words of literals, where forms make a difference: the buttons Approve and Request approval."""
_FORM: Final = 90.0
"""Ratio of two words of which one begins the other, but for its last letter: choose and choosing."""


def step_similarity(one: str, other: str) -> float:
    """Return the similarity of two texts, from 0 to 1; 1 for the same words.

    Words weigh 1, words for actions and parts of a screen 0.5, words of literals 1.5, small words nothing. With the
    weight c of the words that both have, this is c's share of both texts (Dice) by three quarters, and its share of the
    lighter one (overlap) by one: a step that says more than the other is not another step.
    """
    first, second = _weights(one), _weights(other)
    if first.keys() == second.keys():
        return 1.0
    lighter, heavier = sorted((sum(first.values()), sum(second.values())))
    if not lighter:
        return 0.0
    common = min(_common(first, second), lighter)
    return (3 * 2 * common / (lighter + heavier) + common / lighter) / 4


@lru_cache(maxsize=16_384)
def _weights(text: str) -> Mapping[str, float]:
    literal = {word for one in literals(text) for word in words(one)}
    found: dict[str, float] = {}
    for word in words(text):
        if word in SMALL:
            continue
        form = word if has_digit(word) else folded(word)
        if word in literal:
            found[form] = _LITERAL
        else:
            found.setdefault(form, _LITTLE if form in ACTIONS or form in PARTS else _WORD)
    # A step of small words only still is itself.
    return found or dict.fromkeys(words(text), _LITTLE)


def _common(first: Mapping[str, float], second: Mapping[str, float]) -> float:
    shared = first.keys() & second.keys()
    total = sum(min(first[word], second[word]) for word in sorted(shared))
    close = [
        (-ratio, min(one, other), max(one, other), one, other)
        for one in first.keys() - shared
        for other in second.keys() - shared
        if (ratio := _closeness(one, other, are_literals=first[one] == second[other] == _LITERAL))
    ]
    taken: set[tuple[str, str]] = set()
    for negative, _, _, one, other in sorted(close):
        if ("first", one) not in taken and ("second", other) not in taken:
            taken |= {("first", one), ("second", other)}
            total += min(first[one], second[other]) * -negative / 100
    return total


def _closeness(one: str, other: str, *, are_literals: bool) -> float:
    """Return the ratio of two words that count as the same; 0 where they do not."""
    if min(len(one), len(other)) < _LEAST_LETTERS or has_digit(one) or has_digit(other):
        return 0.0
    shorter, longer = sorted((one, other), key=lambda word: (len(word), word))
    if not are_literals and longer.startswith(shorter[:-1]):
        return _FORM
    ratio = float(fuzz.ratio(one, other))
    return ratio if ratio >= (_SAME_LITERAL if are_literals else _SAME_WORD) else 0.0
