"""What starts the procedure: each trigger has the field of its type and no other. Pure."""

from collections.abc import Mapping
from typing import Any, Final, Literal

from runops.sop import is_cron
from runops_worker.sop.fix import questions
from runops_worker.sop.fix.questions import Question
from runops_worker.sop.fix.text_of import first_text, text_of

__all__ = ["settle_triggers"]

_FIELDS = {"cron": "config", "webhook": "endpoint", "event": "signal"}
_MISSING: Final[Mapping[str, Literal["time", "endpoint", "signal"]]] = {
    "cron": "time",
    "webhook": "endpoint",
    "event": "signal",
}
_TYPES = {"schedule": "cron", "scheduled": "cron", "time": "cron", "timer": "cron", "api": "webhook", "http": "webhook"}
_CRON_NAMES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_NOTHING = frozenset({"", "none", "n/a", "na", "null", "nil", "-", "unknown", "not specified", "not applicable"})


def settle_triggers(raw: Any, *, otherwise: str) -> tuple[list[dict[str, Any]], list[Question]]:
    """Return the triggers, at least one, and what they leave open.

    Parameters
    ----------
    raw
        What the model gave.
    otherwise
        The description of the trigger of a SOP that has none.
    """
    asked: list[Question] = []
    items = raw if isinstance(raw, list) else [raw]
    triggers = [_trigger(item, asked) for item in items if isinstance(item, dict) and item]
    triggers += [
        {"type": "manual", "description": text} for item in items if isinstance(item, str) and (text := text_of(item))
    ]
    return triggers or [{"type": "manual", "description": otherwise}], asked


def _trigger(raw: Mapping[str, Any], asked: list[Question]) -> dict[str, Any]:
    kind = text_of(raw.get("type")).strip().casefold()
    kind = _TYPES.get(kind, kind if kind in _FIELDS else "manual")
    description = first_text(raw, ("description", "label", "name", *_FIELDS.values()))
    trigger = {"type": kind, "description": description}
    field = _FIELDS.get(kind)
    if field is None:
        return trigger
    detail = text_of(raw.get(field))
    if detail.strip().casefold() in _NOTHING:
        detail = ""
    if kind == "cron":
        detail = _CRON_NAMES.get(detail.strip().casefold(), detail)
        detail = detail if is_cron(detail) else ""
    if kind == "event" and not detail:
        # What happens is what the description tells.
        detail = description
    if detail:
        return {**trigger, field: detail}
    asked.append(questions.no_detail(description, _MISSING[kind]))
    return {"type": "manual", "description": description}
