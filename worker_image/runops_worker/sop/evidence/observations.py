"""What a transcript shows and says, prepared for comparison. Pure.

Texts that instruct a model are left out: see `instructions.py`. Something that only such a text names was neither done
nor explained by anybody.
"""

import re
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from runops.recorded_secrets.texts import change_texts
from runops.sop_answers import Answer
from runops.transcript import seconds
from runops_worker.sop.evidence.instructions import instruct_a_model_together, instructs_a_model
from runops_worker.sop.evidence.number_items import answer_id, item_id, kind_of
from runops_worker.sop.evidence.plain_text import (
    digit_groups,
    digit_runs,
    numbers_in,
    plain,
    similar_word,
    squeezed,
    with_digits,
    with_two_letters,
    words_of,
)

__all__ = ["Observation", "Observations", "observe"]

_NO_TEXT = frozenset(
    {"timestamp_start_visual", "timestamp_end_visual", "timestamp_start_audio", "timestamp_end_audio"}
    | {"action_type_observed", "element_bounding_box_pixels", "id"}
)
_NOTHING_DONE = frozenset(
    {"SCREEN_UPDATE", "MODAL_OPEN", "VISUAL_FOCUS_SHIFT", "MOUSE_MOVE_TO_REGION", "HIGHLIGHT_TEXT", "SELECT_TEXT"}
)
_GOES_ON_SECONDS = 15.0
"""What follows an instruction so soon, in speech or on the screen of one application, still belongs to it."""
_BETWEEN_DIGITS = re.compile(r"(?<=\d) (?=\d)")
_SPOKEN_SIGNS = (
    (re.compile(r" (?:dot|punkt|point|period) "), "."),
    (re.compile(r" (?:at|ät|klammeraffe|arobase|arroba) "), "@"),
    (re.compile(r" (?:slash|schrägstrich|forward slash) "), "/"),
    (re.compile(r" (?:dash|hyphen|minus|bindestrich) "), "-"),
    (re.compile(r" (?:underscore|unterstrich) "), "_"),
)


@dataclass(frozen=True, slots=True)
class Observation:
    """One item of the transcript, or an answer to a question.

    Attributes
    ----------
    id
        Its name, such as `t0001`, or `a0001` of an answer.
    text
        What it shows or says, without texts that instruct a model.
    proves
        Whether a step may rest on it. An item that only shows or says an instruction to a model proves nothing.
    instructs
        The texts that instruct a model; empty for none.
    start
        When it begins, in seconds.
    is_answer
        Whether somebody answered this, and no recording shows or says it.
    """

    id: str
    text: str
    proves: bool
    instructs: str = ""
    start: float = 0.0
    is_answer: bool = False


@dataclass(frozen=True)
class Observations:
    """All items of a transcript."""

    items: tuple[Observation, ...]

    @cached_property
    def by_id(self) -> dict[str, Observation]:
        """The items by their names."""
        return {item.id: item for item in self.items}

    @cached_property
    def text(self) -> str:
        """All texts, one item a line, in their plain form."""
        return "\n".join(plain(item.text) for item in self.items)

    @cached_property
    def text_with_signs(self) -> str:
        """The same with signs in place of their spoken names: `example.com` for "example dot com"."""
        text = self.text
        for word, sign in _SPOKEN_SIGNS:
            text = word.sub(sign, text)
        return text

    @cached_property
    def text_with_digits(self) -> str:
        """The same with digits for numbers in words: `192.168.1.10` for "one nine two dot one sixty-eight dot ..."."""
        return _BETWEEN_DIGITS.sub("", with_digits(self.text_with_signs))

    @cached_property
    def letters(self) -> str:
        """Only letters and digits of all texts."""
        return squeezed(self.text)

    @cached_property
    def spoken_letters(self) -> str:
        """The same where signs and digits are said: `reportfinal2pdf` for "report final two dot pdf"."""
        return squeezed(with_digits(self.text_with_signs))

    @cached_property
    def digit_runs(self) -> frozenset[str]:
        """Digits that follow each other, whatever groups them, shown or said."""
        return frozenset(
            run
            for line in {*self.text.splitlines(), *with_digits(self.text_with_signs).splitlines()}
            for run in digit_runs(line)
        )

    @cached_property
    def numbers(self) -> frozenset[str]:
        """All numbers, in one form."""
        texts = {item.text for item in self.items}
        return frozenset(number for text in texts for number in (*numbers_in(text), *digit_groups(text)))

    @cached_property
    def instructions(self) -> str:
        """All texts that instruct a model."""
        return "\n".join(item.instructs for item in self.items if item.instructs)

    @cached_property
    def all_words(self) -> frozenset[str]:
        """All words."""
        words = words_of(self.text)
        return frozenset((*words, *map(with_two_letters, words)))

    def has_word(self, word: str) -> bool:
        """Tell whether a word is shown or said, spelled a little differently at most."""
        return self._has_spelling(word) or self._has_spelling(with_two_letters(word))

    def _has_spelling(self, word: str) -> bool:
        if word in self.all_words:
            return True
        near = self._by_length
        return any(
            similar_word(word, other)
            for length in range(len(word) - 4, len(word) + 5)
            for other in near.get((word[:1], length), ())
        ) or any(similar_word(word, other) for other in near.get((word[1:2], len(word) - 1), ()))

    @cached_property
    def _by_length(self) -> dict[tuple[str, int], list[str]]:
        groups: dict[tuple[str, int], list[str]] = {}
        for word in sorted(self.all_words):
            groups.setdefault((word[:1], len(word)), []).append(word)
        return groups


def observe(
    items: Sequence[dict[str, Any]], *, marks: AbstractSet[int] = frozenset(), answers: Sequence[Answer] = ()
) -> Observations:
    """Return the items of a stored transcript for comparison, and the answers behind them.

    Parameters
    ----------
    items
        The transcript.
    marks
        Indices of the items that only mark a part that was not transcribed. They prove nothing.
    answers
        What people said about an earlier SOP. One that instructs a model proves nothing either.
    """
    seen = [_Seen.of(item) for item in items]
    # Each description of a screen is in two items at least, and the search for phrases is what takes long.
    instructs = cache(instructs_a_model)
    parts = [[text for text in one.texts if instructs(text)] for one in seen]
    latest: dict[str, int] = {}
    for index, one in enumerate(seen):
        last = latest.get(one.thread)
        latest[one.thread] = index
        if last is None or not (seen[last].told and one.told) or one.start - seen[last].end > _GOES_ON_SECONDS:
            continue
        if any(map(instructs, seen[last].told)):
            parts[index] = one.told
        elif not parts[index] and instruct_a_model_together(seen[last].told[-1], one.told[-1]):
            parts[last], parts[index] = seen[last].told, one.told
    return Observations(
        tuple(
            _observation(index, one, instructing=parts[index], is_mark=index in marks) for index, one in enumerate(seen)
        )
        + tuple(_answered(index, one) for index, one in enumerate(answers))
    )


def _answered(index: int, one: Answer) -> Observation:
    """Return an answer for comparison: a step may rest on the words of its question, too, as where that was "yes"."""
    said = (one.question, one.answer)
    instructs = "\n".join(filter(instructs_a_model, said))
    return Observation(
        id=answer_id(index),
        text="" if instructs else "\n".join(said),
        proves=not instructs,
        instructs=instructs,
        is_answer=True,
    )


@dataclass(frozen=True, slots=True)
class _Seen:
    """An item as it is compared with the one before.

    Attributes
    ----------
    texts
        All of them.
    told
        Those that may instruct, by the item before: of what is said or only shown. What somebody does after an
        instruction to a model is no part of it.
    start, end
        In seconds.
    thread
        Speech, or the screen of one application.
    """

    texts: list[str]
    told: list[str]
    start: float
    end: float
    thread: str

    @classmethod
    def of(cls, item: dict[str, Any]) -> "_Seen":
        kind = kind_of(item)
        start = str(item.get(f"timestamp_start_{kind}") or "")
        end = str(item.get(f"timestamp_end_{kind}") or start)
        is_told = kind == "audio" or item.get("action_type_observed") in _NOTHING_DONE
        return cls(
            texts=list(_texts(item)),
            told=list(_texts({**item, "application_in_focus": None})) if is_told else [],
            start=_seconds(start),
            end=_seconds(end),
            thread="" if kind == "audio" else f"screen {item.get('application_in_focus')}",
        )


def _observation(index: int, one: _Seen, *, instructing: list[str], is_mark: bool) -> Observation:
    trusted = [] if is_mark else [text for text in one.texts if text not in instructing]
    is_clean = not is_mark and len(trusted) == len(one.texts)
    return Observation(
        id=item_id(index),
        text="\n".join(trusted),
        proves=is_clean or not (is_mark or one.told),
        instructs="" if is_mark else "\n".join(instructing),
        start=one.start,
    )


def _texts(item: dict[str, Any]) -> Iterator[str]:
    found: list[str] = []

    def add(text: str) -> str:
        found.append(text)
        return text

    change_texts(item, add, keep=_NO_TEXT)
    return iter(found)


def _seconds(stamp: str) -> float:
    try:
        return seconds(stamp)
    except ValueError:
        return 0.0
