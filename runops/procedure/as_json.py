"""A procedure as a JSON object, for programs. Pure."""

from dataclasses import asdict
from typing import Any

from runops.procedure.model import Procedure

__all__ = ["as_json"]


def as_json(procedure: Procedure) -> dict[str, Any]:
    """Return the document: what the page shows, without pictures. Times are seconds of the recording.

    Of an absent text the value is an empty string; `moment` and `missing` are null where there is none.
    """
    return {"format": 1, **_plain(asdict(procedure))}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items() if key != "flow"}
    if isinstance(value, tuple | list):
        return [_plain(inner) for inner in value]
    return value
