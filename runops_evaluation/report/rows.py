"""What is true and what was made, side by side, with differences marked. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final, Literal

from runops.transcript import VisualItem, timestamp
from runops_evaluation.gold.events import Event
from runops_evaluation.matching.events import value_of
from runops_evaluation.matching.steps import Step
from runops_evaluation.scores.score_recording import RecordingScore
from runops_evaluation.text.plain import words

__all__ = ["Part", "Row", "Side", "action_rows", "step_rows"]

_PIECES: Final = re.compile(r"\s+|\S+")


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a text, and whether the other side has other words there."""

    text: str
    is_other: bool = False


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a row.

    Attributes
    ----------
    mark
        Time of an action, number of a step.
    kind
        Action type, or kind of node.
    parts
        The text.
    """

    mark: str
    kind: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """What is true beside what was made of it."""

    state: Literal["matched", "missed", "invented"]
    true: Side | None
    made: Side | None


def action_rows(score: RecordingScore) -> list[Row]:
    """Return the actions by time."""
    gold, seen = score.gold_actions, score.seen_actions
    partners = dict(score.action_pairs)
    taken = set(partners.values())
    rows: list[tuple[float, Row]] = []
    for at, event in enumerate(gold):
        item = seen[partners[at]] if at in partners else None
        rows.append((event.at, _action_row(event, item)))
    rows += [
        (item.start, Row("invented", None, _side_of_item(item, None)))
        for at, item in enumerate(seen)
        if at not in taken
    ]
    return [row for _, row in sorted(rows, key=lambda one: one[0])]


def step_rows(score: RecordingScore) -> list[Row]:
    """Return the true steps in reading order; one that was invented follows the step that stands before it."""
    gold, made = score.gold_steps, score.made_steps
    back = {column: row for row, column in score.step_pairs}
    partners = dict(score.step_pairs)
    after: dict[int, list[int]] = {}
    last = -1
    for column in range(len(made)):
        last = back.get(column, last)
        if column not in back:
            after.setdefault(last, []).append(column)
    rows = [_invented(made, column) for column in after.get(-1, ())]
    for at in range(len(gold)):
        rows.append(_step_row(gold, made, at, partners.get(at)))
        rows += [_invented(made, column) for column in after.get(at, ())]
    return rows


def _action_row(event: Event, item: VisualItem | None) -> Row:
    text = _event_text(event)
    if item is None:
        return Row("missed", Side(_time(event.at), event.kind, (Part(text),)), None)
    other = _item_text(item)
    true = Side(_time(event.at), event.kind, _parts(text, other))
    return Row("matched", true, _side_of_item(item, text))


def _side_of_item(item: VisualItem, beside: str | None) -> Side:
    text = _item_text(item)
    parts = (Part(text),) if beside is None else _parts(text, beside)
    return Side(_time(item.start), item.action_type_observed, parts)


def _event_text(event: Event) -> str:
    return _joined(event.target, event.value)


def _item_text(item: VisualItem) -> str:
    element = item.target_element_details
    shown = None if element is None else element.element_visible_text
    return _joined(shown, value_of(item.data_input_observed)) or item.screen_region_description_post_action


def _joined(target: str | None, value: str | None) -> str:
    return " = ".join(part for part in (target, value) if part)


def _step_row(gold: Sequence[Step], made: Sequence[Step], at: int, partner: int | None) -> Row:
    text = gold[at].text
    if partner is None:
        return Row("missed", Side(f"{at + 1}", gold[at].node.type, (Part(text),)), None)
    other = made[partner].text
    return Row(
        "matched",
        Side(f"{at + 1}", gold[at].node.type, _parts(text, other)),
        Side(f"{partner + 1}", made[partner].node.type, _parts(other, text)),
    )


def _invented(made: Sequence[Step], column: int) -> Row:
    return Row("invented", None, Side(f"{column + 1}", made[column].node.type, (Part(made[column].text),)))


def _parts(text: str, other: str) -> tuple[Part, ...]:
    """Return a text in parts; those that the other one does not have in this order are marked."""
    pieces = _PIECES.findall(text)
    mine, theirs = [words(piece) for piece in pieces], [words(piece) for piece in _PIECES.findall(other)]
    same: set[int] = set()
    for block in SequenceMatcher(None, mine, theirs, autojunk=False).get_matching_blocks():
        same |= set(range(block.a, block.a + block.size))
    parts: list[Part] = []
    changed = {at for at in range(len(pieces)) if mine[at] and at not in same}
    for at, piece in enumerate(pieces):
        # A blank belongs to what it stands between.
        is_other = at in changed or (piece.isspace() and {at - 1, at + 1} <= changed)
        if parts and parts[-1].is_other == is_other:
            parts[-1] = Part(parts[-1].text + piece, is_other)
        else:
            parts.append(Part(piece, is_other))
    return tuple(parts)


def _time(at: float) -> str:
    # Hours are shown where there are any, and tenths of a second always.
    whole = timestamp(int(at))
    return f"{whole.removeprefix('00:')}.{int(at * 10) % 10}"
