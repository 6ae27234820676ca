"""What the stand-in says to a request, before limits and scripted turns. Pure: the same input, the same words."""

import hashlib
import json
from typing import Any

from devstack.gemini.answers.fit_schema import fit, satisfies
from devstack.gemini.answers.notes import notes, wants_notes
from devstack.gemini.answers.procedure import procedure, transcript_in
from devstack.gemini.answers.transcript import transcript
from devstack.gemini.requests.understand import Asked
from devstack.gemini.wire.api_error import ApiError

__all__ = ["answer_text"]


def answer_text(asked: Asked) -> str:
    """Return the full answer to a request.

    Raises
    ------
    ApiError
        500: no answer that satisfies the schema was found, which the real service tells as little about.
    """
    if not asked.json_wanted:
        return _prose(asked)
    value = _value(asked)
    schema = asked.json_schema
    if schema is not None:
        value = fit(value, schema)
        if not satisfies(value, schema):
            raise ApiError(500, "The stand-in found no answer that satisfies the response schema.")
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _value(asked: Asked) -> Any:
    if asked.video is not None:
        return transcript(asked.video.media, start=asked.video.start, end=asked.video.end)
    if wants_notes(asked.json_schema):
        return notes(transcript_in(asked.text) or [])
    if asked.kind == "sop":
        return procedure(transcript_in(asked.text), prompt=asked.text)
    return {"summary": _prose(asked)}


def _prose(asked: Asked) -> str:
    digest = hashlib.sha256(asked.text.encode()).hexdigest()[:8]
    if asked.video is not None:
        media = asked.video.media
        return (
            f"The recording lasts {media.duration:g} seconds, the picture changes {len(media.changes)} times and "
            f"sound is heard {len(media.sounds)} times."
        )
    return f"This is an answer to {len(asked.text)} characters of text ({digest})."
