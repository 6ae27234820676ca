"""Hides the instruction of a question in its answer: a recording may ask the model to tell it. Pure."""

import re
from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import Any, Final

from runops.recorded_secrets.texts import change_texts

__all__ = ["HIDDEN", "without_instruction"]

HIDDEN: Final = "[instructions hidden]"
_WORD: Final = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W_\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")
"""A word, or one sign of a script that has no spaces."""
_RUN: Final = 8
"""So many words in a row are no coincidence."""
_LEAST: Final = 40
"""Words of such runs in one answer. An instruction may demand a sentence word by word; more than that is told."""

Words = tuple[str, ...]


def without_instruction(value: Any, instruction: str, *, keep: AbstractSet[str]) -> tuple[Any, int]:
    """Return an answer in which what it tells of its instruction is hidden, and how many texts told it.

    An instruction in other words or in another language is not recognised.

    Parameters
    ----------
    value
        A JSON value; unchanged where it tells less than some sentences.
    instruction
        What the model was instructed.
    keep
        Keys whose values stay as they are.
    """
    runs = _runs(instruction)
    told = 0

    def count(text: str) -> str:
        nonlocal told
        told += sum(_told(text, runs)[1])
        return text

    change_texts(value, count, keep=keep)
    if told < _LEAST:
        return value, 0
    changed = 0

    def hide(text: str) -> str:
        nonlocal changed
        words, is_told = _told(text, runs)
        if not any(is_told):
            return text
        changed += 1
        return _hidden(text, words, is_told)

    return change_texts(value, hide, keep=keep), changed


@lru_cache(maxsize=8)
def _runs(instruction: str) -> frozenset[Words]:
    words = [match[0].casefold() for match in _WORD.finditer(instruction)]
    return frozenset(tuple(words[at : at + _RUN]) for at in range(len(words) - _RUN + 1))


def _told(text: str, runs: frozenset[Words]) -> tuple[list[re.Match[str]], list[bool]]:
    """Return the words of a text, and which of them are in a run of the instruction."""
    words = list(_WORD.finditer(text))
    plain = [word[0].casefold() for word in words]
    told = [False] * len(words)
    for at in range(len(words) - _RUN + 1):
        if tuple(plain[at : at + _RUN]) in runs:
            told[at : at + _RUN] = [True] * _RUN
    return words, told


def _hidden(text: str, words: list[re.Match[str]], told: list[bool]) -> str:
    parts: list[str] = []
    reached, is_hiding = 0, False
    for word, is_told in zip(words, told, strict=True):
        if is_told and not is_hiding:
            parts += (text[reached : word.start()], HIDDEN)
        if is_told:
            reached = word.end()
        is_hiding = is_told
    return "".join((*parts, text[reached:]))
