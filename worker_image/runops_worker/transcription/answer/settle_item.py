"""Turns one object of an answer into the items that it means."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import ValidationError

from runops.transcript import TranscriptItem, parse_item, timestamp
from runops_worker.model.answer_json import faults_of
from runops_worker.transcription.answer.actions import DRAG, KEYPRESS, UNKNOWN_KEY, Action, action_of, is_key
from runops_worker.transcription.answer.fields import (
    BOUNDING_BOX,
    KINDS,
    VISUAL,
    Field,
    Form,
    Kind,
    kind_of,
    meant_name,
    name_in_record,
    parent_of,
)
from runops_worker.transcription.answer.rules import Rule
from runops_worker.transcription.answer.stamps import Clock, Moment
from runops_worker.transcription.answer.texts import as_text, as_texts, is_empty, is_silence, says_nothing

__all__ = ["SettledItem", "settle_item", "times_of"]

_TEXT = "verbatim_transcript_segment"
_ACTION = "action_type_observed"
_KEY = "key_pressed"
_BEFORE = "screen_region_description_pre_action"
_AFTER = "screen_region_description_post_action"
_TARGET = "target_element_details"
_INPUT = "data_input_observed"
_NO_FIELD = "it says nothing in the agreed fields."
_START = {"visual": "timestamp_start_visual", "audio": "timestamp_start_audio"}
_END = {"visual": "timestamp_end_visual", "audio": "timestamp_end_audio"}
_CONTENT = (_BEFORE, _AFTER, _TARGET, _INPUT)
_SPOKEN_PER_SECOND = 15
"""Characters. People speak 12 to 18 a second; it only matters where the end of speech is missing."""
_INPUT_OF = {"PASTE": "pasted_text_observed", "CLICK": "selected_value_observed"}
_ACTION_OF = {"typed_characters": "TYPE", "pasted_text_observed": "PASTE", "selected_value_observed": "CLICK"}
_ANY_INPUT = frozenset({"text", "value", "content", "input", "data"})
"""Names inside `data_input_observed` that mean what the action says."""


@dataclass(frozen=True, slots=True)
class SettledItem:
    """What one object means.

    Attributes
    ----------
    items
        One item; two where the object holds something seen and something said, or a whole drag; none for an empty one.
    rules
        What was settled.
    faults
        Why it, or one of two kinds in it, has no meaning, one sentence each.
    rest
        The fields of the part that has no meaning.
    """

    items: tuple[TranscriptItem, ...] = ()
    rules: tuple[Rule, ...] = ()
    faults: tuple[str, ...] = ()
    rest: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class _Notes:
    rules: list[Rule] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    unknown: list[Any] = field(default_factory=list)

    def rule(self, *rules: Rule) -> None:
        self.rules.extend(rules)


def times_of(raw: Mapping[str, Any]) -> list[Any]:
    """Return the times of an object as they are written, for `Clock.of`."""
    names = {*_START.values(), *_END.values()}
    return [value for name, value in raw.items() if meant_name(name) in names]


def settle_item(raw: Mapping[str, Any], clock: Clock, *, after: int = 0) -> SettledItem:
    """Return what an object of an answer means.

    Parameters
    ----------
    raw
        The object. Its texts have no character that PostgreSQL refuses.
    clock
        Reads the times of this answer.
    after
        When the item before it starts, in milliseconds.
    """
    notes = _Notes()
    known = _known_fields(raw, notes)
    fields = {kind: {name: known[name] for name in known if kind_of(name) == kind} for kind in KINDS}
    kinds = _kinds_in(fields["visual"], fields["audio"], notes)
    if not kinds:
        # What is told under names that mean nothing is no empty item.
        told = any(isinstance(value, str) and not says_nothing(value) for value in notes.unknown)
        return SettledItem(faults=(_NO_FIELD,), rest=raw) if told else SettledItem(rules=(Rule.EMPTY_ITEM,))
    items: list[TranscriptItem] = []
    faults: list[str] = []
    rest: dict[str, Any] = {}
    for kind in kinds:
        part = _Notes()
        if kind == "visual":
            values = _visual(fields["visual"], clock, part, other=fields["audio"], after=after)
        else:
            values = _audio(fields["audio"], clock, part, other=fields["visual"], after=after)
        try:
            read = [parse_item(value) for value in values]
        except ValidationError as error:
            part.faults.extend(faults_of(error))
        if part.faults:
            faults.extend(part.faults)
            rest.update(fields[kind])
        else:
            items.extend(read)
            notes.rule(*part.rules)
    return SettledItem(tuple(items), tuple(notes.rules) if items else (), tuple(faults), rest)


def _kinds_in(
    seen: Mapping[str, Any], said: Mapping[str, Any], notes: _Notes
) -> tuple[Literal["visual", "audio"], ...]:
    """Return of which kinds an object is. What it has of the other kind is left out."""
    acts = not says_nothing(seen.get(_ACTION))
    text = None if is_silence(said.get(_TEXT)) else said.get(_TEXT)
    has_times = any(not says_nothing(said.get(name)) for name in (_START["audio"], _END["audio"]))
    # Somebody may say "None"; beside an action, or without a time, it is an empty field.
    speaks = not is_empty(text) and not (says_nothing(text) and (acts or not has_times))
    if speaks:
        is_whole = not says_nothing(seen.get(_START["visual"])) or any(
            not is_empty(seen.get(name)) for name in _CONTENT
        )
        if acts and is_whole:
            notes.rule(Rule.TWO_KINDS)
            return "visual", "audio"
        _left_out(seen, notes)
        return ("audio",)
    if all(says_nothing(value) for value in seen.values()):
        return ()
    _left_out(said, notes)
    return ("visual",)


def _left_out(fields: Mapping[str, Any], notes: _Notes) -> None:
    if fields:
        says_more = any(not says_nothing(value) for value in fields.values())
        notes.rule(Rule.OTHER_KIND_REMOVED if says_more else Rule.OTHER_KIND_EMPTY)


def _known_fields(raw: Mapping[str, Any], notes: _Notes) -> dict[str, Any]:
    """Return the fields of an item under their names, those of its records inside them."""
    is_alone = all(meant_name(name) != _ACTION or says_nothing(value) for name, value in raw.items())
    is_audio = any(meant_name(name, is_alone=is_alone) == _TEXT and not is_empty(value) for name, value in raw.items())
    found: dict[str, Any] = {}
    names = {written: meant_name(written, is_audio=is_audio, is_alone=is_alone) for written in raw}
    # Its own name counts before others.
    for written, value in sorted(raw.items(), key=lambda part: names[part[0]] != part[0]):
        name = names[written]
        if name is None:
            notes.rule(Rule.UNKNOWN_FIELD)
            notes.unknown.append(value)
        elif name == BOUNDING_BOX:
            notes.rule(Rule.BOUNDING_BOX)
        elif (parent := parent_of(name)) is not None:
            notes.rule(Rule.FIELD_NAME)
            record = found.get(parent)
            if says_nothing(record):
                found[parent] = {name: value}
            elif isinstance(record, dict) and is_empty(record.get(name)):
                found[parent] = {**record, name: value}
        else:
            if name != written:
                notes.rule(Rule.FIELD_NAME)
            if name not in found or says_nothing(found[name]):
                found[name] = value
            elif isinstance(value, dict) and isinstance(found[name], dict):
                found[name] = {**found[name], **value}
    return found


def _moment(
    kind: Kind,
    values: Mapping[str, Any],
    other: Mapping[str, Any],
    clock: Clock,
    notes: _Notes,
    *,
    after: int,
) -> Moment | None:
    """Return when an item starts: by its start, else by its end, else by the times of the other kind."""
    another = "audio" if kind == "visual" else "visual"
    written = values.get(_START[kind])
    if not says_nothing(written):
        moment = clock.start(written, after=after)
        if isinstance(moment, str):
            notes.faults.append(f"{_START[kind]}: {moment}")
            return None
        return moment
    for instead in (values.get(_END[kind]), other.get(_START[another]), other.get(_END[another])):
        moment = clock.start(instead, after=after)
        if isinstance(moment, Moment):
            return Moment(moment.at, moment.until, (*moment.rules, Rule.START_MISSING))
    notes.faults.append(f"{_START[kind]}: it is missing.")
    return None


def _end(written: Any, moment: Moment, clock: Clock, notes: _Notes) -> int | None:
    if says_nothing(written):
        notes.rule(*(() if written is None else (Rule.EMPTY_VALUE,)))
        return moment.until
    end = clock.end(written, start=moment.at)
    if end is None:
        notes.rule(Rule.END_MISSING)
        return moment.until
    notes.rule(*end.rules)
    return end.at


def _audio(
    values: Mapping[str, Any], clock: Clock, notes: _Notes, *, other: Mapping[str, Any], after: int
) -> list[dict[str, Any]]:
    moment = _moment("audio", values, other, clock, notes, after=after)
    if moment is None:
        return []
    notes.rule(*moment.rules)
    text = _text(values[_TEXT], notes)
    written = values.get(_END["audio"])
    if says_nothing(written) and says_nothing(values.get(_START["audio"])):
        # Its start is that of what is seen, and so is its end.
        written = other.get(_END["visual"])
    end = _end(written, moment, clock, notes)
    if end is None:
        if Rule.END_MISSING not in notes.rules:
            notes.rule(Rule.END_MISSING)
        end = min(moment.at + len(text) * 1000 // _SPOKEN_PER_SECOND, clock.length)
    return [{_START["audio"]: timestamp(moment.at / 1000), _END["audio"]: timestamp(end / 1000), _TEXT: text}]


def _visual(
    values: Mapping[str, Any], clock: Clock, notes: _Notes, *, other: Mapping[str, Any], after: int
) -> list[dict[str, Any]]:
    moment = _moment("visual", values, other, clock, notes, after=after)
    action = _action(values, notes)
    if moment is None or action is None:
        return []
    notes.rule(*moment.rules)
    end = _end(values.get(_END["visual"]), moment, clock, notes)
    start = timestamp(moment.at / 1000)
    item: dict[str, Any] = {_START["visual"]: start, _ACTION: action.word}
    if end is not None:
        item[_END["visual"]] = timestamp(end / 1000)
    for one in VISUAL:
        if one.form in {Form.TEXT, Form.RECORD}:
            item[one.name] = _value(one, values.get(one.name), notes, action=action)
    item[_AFTER] = f"{action.note} {item[_AFTER]}".strip() if action.note else item[_AFTER]
    if action.word != DRAG:
        return [item]
    notes.rule(Rule.DRAG_IN_ONE)
    begin = {name: value for name, value in item.items() if name != _END["visual"]}
    return [
        {**begin, _ACTION: "DRAG_START"},
        {**begin, _ACTION: "DRAG_END", _START["visual"]: item.get(_END["visual"], start)},
    ]


def _action(values: Mapping[str, Any], notes: _Notes) -> Action | None:
    written, pressed = values.get(_ACTION), values.get(_KEY)
    key = None if says_nothing(pressed) else as_text(pressed)
    if isinstance(written, list):
        written = ", ".join(as_text(one) for one in written)
    if says_nothing(written) and not (isinstance(written, str) and written.strip().lower() == "none"):
        written = _action_done(values)
        if written is None:
            notes.faults.append(f"{_ACTION}: it is missing.")
            return None
        notes.rule(Rule.MISSING_ACTION)
        return action_of(written, key=key)
    if not isinstance(written, str):
        notes.rule(Rule.VALUE_FORM)
        written = as_text(written)
    action = action_of(written, key=key)
    if action is None:
        notes.faults.append(f"{_ACTION}: {written[:40]!r} is not an action type.")
        return None
    if action.word == UNKNOWN_KEY and is_key(typed := _typed(values)):
        notes.rule(Rule.KEY_NAME)
        return action_of(KEYPRESS, key=typed)
    if action.word == UNKNOWN_KEY or (written != KEYPRESS and action.word not in {written, DRAG}):
        notes.rule(Rule.KEY_NAME if action.word.startswith(KEYPRESS) else Rule.ACTION_WORD)
    return action


def _typed(values: Mapping[str, Any]) -> str:
    given = values.get(_INPUT)
    typed = given.get("typed_characters") if isinstance(given, dict) else given
    return typed if isinstance(typed, str) else ""


def _action_done(values: Mapping[str, Any]) -> str | None:
    """Return the action that the other fields of an item without one tell; None where they tell none."""
    if not says_nothing(values.get(_KEY)):
        return KEYPRESS
    given = values.get(_INPUT)
    names = (
        (name_in_record(_INPUT, name) for name, value in given.items() if not is_empty(value))
        if isinstance(given, dict)
        else ()
    )
    for name in names:
        if name in _ACTION_OF:
            return _ACTION_OF[name]
    return "SCREEN_UPDATE" if any(not says_nothing(values.get(name)) for name in (_BEFORE, _AFTER)) else None


def _text(value: Any, notes: _Notes) -> str:
    if not isinstance(value, str):
        notes.rule(Rule.VALUE_FORM)
    return as_text(value)


def _value(one: Field, value: Any, notes: _Notes, *, action: Action) -> Any:
    """Return the value of a field other than times and the action."""
    match one.form:
        case Form.RECORD:
            return _record(one, value, notes, action=action)
        case Form.TEXTS:
            if is_empty(value):
                return None
            if not isinstance(value, list) or not all(isinstance(inner, str) and inner.strip() for inner in value):
                notes.rule(Rule.VALUE_FORM)
            return as_texts(value)
        case Form.TEXT_OR_NULL:
            if not is_empty(value):
                return _text(value, notes)
            if value is not None:
                notes.rule(Rule.EMPTY_VALUE)
            return None
        case _:
            # An empty description is one; an empty name of an application is not.
            is_missing = value is None or (one.default != "" and says_nothing(value))
            if not is_missing:
                return _text(value, notes)
            if one.default_rule is not None:
                notes.rule(one.default_rule)
            return one.default


def _record(one: Field, value: Any, notes: _Notes, *, action: Action) -> dict[str, Any] | None:
    if value is None:
        return None
    # A text of a record may be copied from the recording, so that N/A in it is no empty value.
    if is_empty(value) or isinstance(value, bool) or (isinstance(value, str) and says_nothing(value)):
        notes.rule(Rule.EMPTY_VALUE)
        return None
    if not isinstance(value, dict):
        notes.rule(Rule.VALUE_FORM)
        value = _record_from(one, value, action=action)
    inner: dict[str, Any] = {}
    names = {part.name for part in one.fields}
    for written, part in value.items():
        name = name_in_record(one.name, str(written))
        if name is None and one.name == _INPUT and str(written).lower() in _ANY_INPUT:
            name = _INPUT_OF.get(action.word, "typed_characters")
        if name == BOUNDING_BOX:
            notes.rule(Rule.BOUNDING_BOX)
        elif name in names:
            notes.rule(*((Rule.FIELD_NAME,) if name != written else ()))
            if name == written or is_empty(inner.get(name)):
                inner[name] = part
        else:
            notes.rule(Rule.UNKNOWN_FIELD)
    if all(is_empty(part) for part in inner.values()):
        return None
    settled = {part.name: _value(part, inner.get(part.name), notes, action=action) for part in one.fields}
    return {name: part for name, part in settled.items() if part is not None}


def _record_from(one: Field, value: Any, *, action: Action) -> dict[str, Any]:
    """Return the record that is meant by a plain value."""
    if isinstance(value, str) and value.lstrip()[:1] == "{":
        try:
            parsed = json.loads(value)
        except (ValueError, RecursionError):
            parsed = None
        if isinstance(parsed, dict):
            return parsed
    if isinstance(value, list) and all(isinstance(inner, dict) for inner in value):
        merged: dict[str, Any] = {}
        for inner in value:
            merged.update({name: part for name, part in inner.items() if is_empty(merged.get(name))})
        return merged
    if one.name == _TARGET:
        return {"element_visible_text": as_text(value)}
    return {_INPUT_OF.get(action.word, "typed_characters"): as_text(value)}
