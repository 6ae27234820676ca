"""Hides the secrets of a transcript's items before anything is stored. Pure.

An item is seen as a whole: what is typed into a password field is a password, whatever its letters are.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from runops.recorded_secrets.mask import markers_in, mask
from runops.recorded_secrets.named_values import NAMES, is_announced_at_end, said_value
from runops.recorded_secrets.span import MARKER, Kind, marker
from runops.recorded_secrets.texts import change_texts
from runops.transcript import AudioItem, TranscriptItem, VisualItem
from runops_worker.transcription.known_secrets import KnownSecrets, TypedSecret

__all__ = ["MaskedItems", "hidden_in", "hide_known", "hide_known_in", "mask_items"]

Item = TypeVar("Item", bound=AudioItem | VisualItem)
_KEPT = frozenset(
    {"timestamp_start_visual", "timestamp_end_visual", "timestamp_start_audio", "timestamp_end_audio"}
    | {"action_type_observed", "element_bounding_box_pixels"}
)
_KINDS: dict[str, Kind] = {
    "password": "password",
    "pin": "PIN",
    "cvv": "card code",
    "code": "code",
    "key": "key",
    "short": "key",
    "phrase": "key",
}
_CARD = re.compile(
    r"(?i)\b(?:(?:credit|debit|payment)[ -]?)?card[ -]?(?:number|no\.?|#)|\bkarten-?nummer|\bcc[ -]?number"
)
_DIGIT_CODE = re.compile(r"(?i)\b\d-digit code\b")
_NO_INPUT = re.compile(
    r"(?i)\b(?:button|link|tab|menu|check ?box|heading|toggle|radio|icon|row|column|option|label|dialog|title)\b"
)
_NOT_THE_SECRET = re.compile(
    r"(?i)[\s_-]*(?:names?|ids?|hints?|polic(?:y|ies)|length|expir\w*|reset|type|label|manager|generator|search|rotation"
    r"|strength|list|vault|description|count|question|settings?)\b"
)
_ABOUT_SECRETS = re.compile(r"(?i)\b(?:search|filter|find|forgot|forgotten|reset|list|number|name) (?:\w+ )?$")
_TERMINAL = re.compile(r"(?i)\b(?:terminal|console|shell|prompt|command)\b")
_ASKS = re.compile(r"(?i)\b(?:asks?|asking|prompts?|prompting|waits?|waiting)(?: \w+)? for\b[^.]{0,40}$")
_PROMPT = re.compile(r"(?i)[ ]prompt\b|(?:[ ]for[ ][\w@.-]{1,60})?:[\s\"'”’]*(?:$|[.,])")  # noqa: RUF001
_HIDDEN_BY_THE_SCREEN = re.compile(r"[\s*•●·∙.○◦x]*")
_LEAST_CARD_DIGITS = 8
_LEAST_IN_DESCRIPTION = 4
_LEAST_REPEATED = 6
_TYPED = ("typed_characters", "pasted_text_observed")


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskedItems:
    """Items without their secrets.

    Attributes
    ----------
    items
        As many as before.
    count
        How many secrets were hidden.
    secrets, typed
        What was hidden, and which of it was typed, with times as in the items; never to be shown or stored.
    """

    items: tuple[TranscriptItem, ...]
    count: int
    secrets: tuple[str, ...] = field(default=(), repr=False)
    typed: tuple[TypedSecret, ...] = field(default=(), repr=False)


def mask_items(items: Sequence[TranscriptItem]) -> MaskedItems:
    """Return items without their secrets.

    A password that is announced in one item and said in the next is hidden, and so is a secret of one item that another
    one shows without saying what it is.
    """
    found: list[str] = []
    typed: list[TypedSecret] = []
    masked: list[TranscriptItem] = []
    announced = False
    for item in items:
        result = _masked(item)
        found += result.secrets
        typed += result.typed
        masked_item = result.item
        if isinstance(masked_item, AudioItem):
            if announced:
                masked_item, said = _without_said_password(masked_item)
                found += said
            announced = is_announced_at_end(masked_item.verbatim_transcript_segment)
        masked.append(masked_item)
    known = KnownSecrets()
    known.learn(found, typed)
    repeated = hide_known(masked, known)
    count = sum(map(_markers, repeated)) - sum(map(_markers, items))
    return MaskedItems(items=repeated, count=count, secrets=tuple(found), typed=tuple(typed))


def hide_known(items: Sequence[TranscriptItem], known: KnownSecrets) -> tuple[TranscriptItem, ...]:
    """Return items in which secrets are hidden that are known from elsewhere in the recording."""
    pattern = known.pattern
    return tuple(items) if pattern is None else tuple(_changed(item, _hiding(pattern)) for item in items)


def hide_known_in(value: Any, known: KnownSecrets) -> Any:
    """Return a JSON value, such as items as they are stored, in which known secrets are hidden."""
    pattern = known.pattern
    return value if pattern is None else change_texts(value, _hiding(pattern), keep=_KEPT)


def _hiding(pattern: re.Pattern[str]) -> Callable[[str], str]:
    return lambda text: pattern.sub(marker("password"), text)


def hidden_in(items: Sequence[TranscriptItem]) -> int:
    """Return how many secrets are hidden in items that were masked."""
    return sum(map(_markers, items))


@dataclass(frozen=True, slots=True)
class _Result:
    item: Any
    secrets: list[str]
    typed: list[TypedSecret]


def _masked(item: TranscriptItem) -> _Result:
    secrets: list[str] = []
    typed: list[TypedSecret] = []
    if isinstance(item, VisualItem):
        before = item
        item = _without_typed_secret(before, secrets)
        typed = _typed_in(before, secrets)

    def hide(text: str) -> str:
        masked = mask(text)
        secrets.extend(masked.secrets)
        return masked.text

    return _Result(_changed(item, hide), secrets, typed)


def _without_typed_secret(item: VisualItem, secrets: list[str]) -> VisualItem:
    kind = _kind_of_input(item)
    if kind is None:
        return item
    given, target, shown = item.data_input_observed, item.target_element_details, _value_shown(item)
    values = [] if given is None else [given.typed_characters, given.pasted_text_observed]
    found = [value for value in (*values, shown) if value is not None and _is_secret(value, kind)]
    if not found:
        return item
    secrets.extend(found)
    update: dict[str, Any] = {}
    if given is not None:
        typed = {name: marker(kind) for name in _TYPED if getattr(given, name) in found}
        update["data_input_observed"] = given.model_copy(update=typed)
    if target is not None and shown in found:
        update["target_element_details"] = target.model_copy(update={"element_visible_text": marker(kind)})
    # The descriptions of the same item often repeat what was typed.
    repeated = [value for value in found if len(value) >= _LEAST_IN_DESCRIPTION and NAMES.fullmatch(value) is None]
    if repeated:
        pattern = _pattern(repeated)
        for name in ("screen_region_description_pre_action", "screen_region_description_post_action"):
            update[name] = pattern.sub(marker(kind), getattr(item, name))
    return item.model_copy(update=update)


def _typed_in(item: VisualItem, secrets: Sequence[str]) -> list[TypedSecret]:
    """Return the secret that was typed into the item's field, if any: it may be one part of several."""
    given, target = item.data_input_observed, item.target_element_details
    if given is None or given.typed_characters is None or given.typed_characters not in secrets:
        return []
    where = item.application_in_focus if target is None else f"{item.application_in_focus}/{target.element_type_guess}"
    return [TypedSecret(item.start, where, given.typed_characters)]


def _pattern(values: Sequence[str]) -> re.Pattern[str]:
    longest_first = sorted({value.strip() for value in values}, key=len, reverse=True)
    return re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, longest_first)) + r")(?!\w)")


def _is_secret(value: str, kind: Kind) -> bool:
    if _HIDDEN_BY_THE_SCREEN.fullmatch(value) or MARKER.fullmatch(value.strip()):
        return False
    return kind != "card number" or sum(map(str.isdigit, value)) >= _LEAST_CARD_DIGITS


def _kind_of_input(item: VisualItem) -> Kind | None:
    """Return the kind of secret that goes into the item's target; None where it takes none."""
    target = item.target_element_details
    if target is not None and _NO_INPUT.search(target.element_type_guess):
        return None
    names = [] if target is None else [target.element_type_guess, target.element_visible_text or ""]
    attributes = None if target is None else target.element_attributes_observed
    names += [str(each) for each in attributes] if isinstance(attributes, list) else []
    for name in names:
        if (kind := _kind_of_field(name)) is not None:
            return kind
    if target is None or _TERMINAL.search(target.element_type_guess):
        return _kind_of_prompt(item.screen_region_description_pre_action)
    return None


def _kind_of_field(name: str) -> Kind | None:
    if _CARD.search(name):
        return "card number"
    if _DIGIT_CODE.search(name):
        return "code"
    for match in NAMES.finditer(name):
        if _NOT_THE_SECRET.match(name, match.end()) is None and _ABOUT_SECRETS.search(name[: match.start()]) is None:
            return _KINDS[match.lastgroup or "password"]
    return None


def _kind_of_prompt(description: str) -> Kind | None:
    for match in NAMES.finditer(description):
        if _ASKS.search(description[: match.start()]) or _PROMPT.match(description, match.end()):
            return _KINDS[match.lastgroup or "password"]
    return None


def _value_shown(item: VisualItem) -> str | None:
    """Return the visible text of a password field that is not its label: the field shows what it holds."""
    target = item.target_element_details
    if target is None or target.element_visible_text is None or _kind_of_field(target.element_type_guess) is None:
        return None
    text = target.element_visible_text
    return text if NAMES.search(text) is None and " " not in text.strip() and _looks_chosen(text) else None


def _looks_chosen(text: str) -> bool:
    """Tell whether a word has a digit or a sign in it, as passwords have and labels have not."""
    return len(text) >= _LEAST_REPEATED and not text.isalpha()


def _without_said_password(item: AudioItem) -> tuple[AudioItem, list[str]]:
    text = item.verbatim_transcript_segment
    span = said_value(text)
    if span is None:
        return item, []
    hidden = text[: span.start] + marker(span.kind) + text[span.end :]
    return item.model_copy(update={"verbatim_transcript_segment": hidden}), [text[span.start : span.end]]


def _changed(item: Item, change: Callable[[str], str]) -> Item:
    """Return the item with each of its texts changed; times and the kind of action stay."""
    fields = item.model_dump()
    changed = change_texts(fields, change, keep=_KEPT)
    return item if changed == fields else cast("Item", type(item).model_validate(changed))


def _markers(item: TranscriptItem) -> int:
    count = 0

    def add(text: str) -> str:
        nonlocal count
        count += markers_in(text)
        return text

    change_texts(item.model_dump(), add, keep=_KEPT)
    return count
