"""Mends the text of one item that is not JSON, where there is one way to read it."""

from typing import Any

from runops_worker.model.mend_json import readings_of
from runops_worker.transcription.answer.fields import field_name

__all__ = ["mended"]

_LONGEST = 20_000


def mended(text: str) -> dict[str, Any] | None:
    """Return the object that a broken text means; None where that is not clear.

    Only an object whose fields all have known names is returned: other names show that it was misread.
    """
    if len(text) > _LONGEST:
        return None
    # Behind the last object there may be other text. Its end is tried second: a brace of a record may be the last one.
    for one in (text, text[: text.rfind("}") + 1]):
        for value in readings_of(one.rstrip().rstrip(",")):
            if isinstance(value, dict) and value and all(isinstance(name, str) and field_name(name) for name in value):
                return value
    return None
