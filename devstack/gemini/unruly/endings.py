"""Faults of the JSON text, and ends other than STOP. Pure."""

import json
from random import Random
from typing import Any

from devstack.gemini.unruly.fault import EndFault, TextFault

__all__ = ["END_FAULTS", "TEXT_FAULTS"]


def _fence(text: str, chance: Random) -> str:
    return f"```{chance.choice(('json', '', 'JSON'))}\n{text}\n```"


def _prose_before(text: str, _chance: Random) -> str:
    return f"Here is the JSON you asked for:\n\n{text}"


def _prose_after(text: str, _chance: Random) -> str:
    return f"{text}\n\nLet me know if you need anything else."


def _trailing_comma(text: str, _chance: Random) -> str:
    return f"{text[:-1]},{text[-1:]}"


def _lines(text: str, _chance: Random) -> str:
    value = json.loads(text)
    return "\n".join(json.dumps(item) for item in value) if isinstance(value, list) else text


def _raw_line_end(text: str, _chance: Random) -> str:
    return text.replace(" ", "\n", 1) if '" ' not in text[:40] else text


def _last_bracket_is_missing(text: str, _chance: Random) -> str:
    return text[:-1]


TEXT_FAULTS = tuple(
    TextFault(name, "any", change)
    for name, change in (
        # Comes first: it reads the JSON that the others spoil.
        ("one object per line", _lines),
        ("a code fence", _fence),
        ("prose before the JSON", _prose_before),
        ("prose after the JSON", _prose_after),
        ("a trailing comma", _trailing_comma),
        ("a line end inside a text", _raw_line_end),
        ("the last bracket is missing", _last_bracket_is_missing),
    )
)


def _nothing(_chance: Random) -> dict[str, Any]:
    return {}


def _kept(chance: Random) -> dict[str, Any]:
    return {"keep_share": round(chance.uniform(0.05, 0.95), 3)}


def _refusal(chance: Random) -> dict[str, Any]:
    return {"finish_reason": chance.choice(("RECITATION", "SAFETY", "OTHER", "MALFORMED_RESPONSE", "A_NEW_WORD"))}


def _busy(chance: Random) -> dict[str, Any]:
    return {"status": chance.choice((500, 503, 503, 503, 504))}


def _overload(chance: Random) -> dict[str, Any]:
    return {"status": chance.choice((503, 504)), "lasts_seconds": round(chance.uniform(2, 15), 1)}


def _no_pictures(_chance: Random) -> dict[str, Any]:
    return {"unseen": "VIDEO"}


def _no_sound(_chance: Random) -> dict[str, Any]:
    return {"unseen": "AUDIO"}


def _quota(chance: Random) -> dict[str, Any]:
    return {"status": 429, "quota": "perMinute", "retry_after_seconds": round(chance.uniform(0.5, 53), 1)}


END_FAULTS = (
    EndFault("cut off", "any", "max_tokens", _kept),
    EndFault("endless", "transcribe", "loop_text", _kept),
    EndFault("refused", "any", "no_content", _refusal),
    EndFault("empty", "any", "empty_text", _nothing),
    EndFault("no candidates", "any", "empty_candidates", _nothing),
    EndFault("the stream just ends", "any", "no_finish_reason", _kept),
    EndFault("an error in the stream", "any", "error_event", _kept),
    EndFault("a busy service", "any", "status", _busy),
    EndFault("a quota", "any", "status", _quota),
    EndFault("an overload that lasts", "any", "status", _overload),
    EndFault("the prompt is blocked", "any", "prompt_blocked", _nothing),
    EndFault("the pictures are not taken in", "transcribe", "unseen", _no_pictures),
    EndFault("the sound is not taken in", "transcribe", "unseen", _no_sound),
    EndFault("a proxy's page", "any", "html_502", _nothing),
)
