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
    TextFault(name, "any", share, change)
    for name, share, change in (
        # Comes first: it reads the JSON that the others spoil.
        ("one object per line", 0.002, _lines),
        ("a code fence", 0.03, _fence),
        ("prose before the JSON", 0.01, _prose_before),
        ("prose after the JSON", 0.01, _prose_after),
        ("a trailing comma", 0.005, _trailing_comma),
        ("a line end inside a text", 0.005, _raw_line_end),
        ("the last bracket is missing", 0.005, _last_bracket_is_missing),
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


def _quota(chance: Random) -> dict[str, Any]:
    return {"status": 429, "quota": "perMinute", "retry_after_seconds": round(chance.uniform(0.5, 53), 1)}


END_FAULTS = (
    EndFault("cut off", "any", 0.02, "max_tokens", _kept),
    EndFault("endless", "transcribe", 0.005, "loop_text", _kept),
    EndFault("refused", "any", 0.01, "no_content", _refusal),
    EndFault("empty", "any", 0.01, "empty_text", _nothing),
    EndFault("no candidates", "any", 0.005, "empty_candidates", _nothing),
    EndFault("the stream just ends", "any", 0.01, "no_finish_reason", _kept),
    EndFault("an error in the stream", "any", 0.005, "error_event", _kept),
    EndFault("a busy service", "any", 0.02, "status", _busy),
    EndFault("a quota", "any", 0.01, "status", _quota),
    EndFault("a proxy's page", "any", 0.002, "html_502", _nothing),
)
