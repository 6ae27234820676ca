"""What the stand-in says to a request, before limits and scripted turns. Pure: the same input, the same words."""

import hashlib
import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from devstack.gemini.answers.answered import answers_in, with_answers
from devstack.gemini.answers.fit_schema import fit, satisfies
from devstack.gemini.answers.heed import heeded
from devstack.gemini.answers.notes import notes, sections_in, wants_notes
from devstack.gemini.answers.obey import REFUSAL, obeyed
from devstack.gemini.answers.procedure import procedure, transcript_in
from devstack.gemini.answers.scene_items import scene_items, scene_procedure, texts_of_scenes
from devstack.gemini.answers.transcript import transcript
from devstack.gemini.behaviour import Obedience, Obeys
from devstack.gemini.requests.understand import Asked
from devstack.gemini.scenes import Scene
from devstack.gemini.wire.api_error import ApiError
from devstack.gemini_reading.sop.of_notes import read_sections
from devstack.gemini_reading.sop.procedure import read_procedure
from devstack.gemini_reading.sop.section_notes import read_notes
from devstack.gemini_reading.transcript import read_transcript

__all__ = ["answer_text", "meets"]

_NO_SCENES: Mapping[int, Scene] = MappingProxyType({})


def answer_text(
    asked: Asked,
    *,
    scenes: Mapping[int, Scene] = _NO_SCENES,
    obeys: Obeys | None = None,
    reads: bool = False,
    heeds_prompt: bool = False,
) -> str:
    """Return the full answer to a request.

    Parameters
    ----------
    asked
        The request.
    scenes
        What is known of recordings with marks.
    obeys
        How the model obeys what the recording tells it; None where it does not.
    reads
        Whether a procedure is written by what the transcript says, in place of counting its items.
    heeds_prompt
        Whether an answer about a video has only the fields that the prompt names.

    Raises
    ------
    ApiError
        500: no answer that satisfies the schema was found, which the real service tells as little about.
    """
    if not asked.json_wanted:
        return _prose(asked)
    value = _value(asked, scenes, reads=reads)
    if heeds_prompt and asked.video is not None:
        value = heeded(value, asked.instruction)
    if obeys is not None:
        if obeys.how is Obedience.REFUSES:
            return REFUSAL
        value = obeyed(value, obeys, given=transcript_in(asked.text) or [], instruction=asked.instruction)
    schema = asked.json_schema
    if schema is not None:
        value = fit(value, schema)
        if not satisfies(value, schema):
            raise ApiError(500, "The stand-in found no answer that satisfies the response schema.")
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def meets(asked: Asked, text: str, *, scenes: Mapping[int, Scene]) -> bool:
    """Tell whether a text is among what the model is given to read, watch or hear."""
    if asked.video is None:
        # Some characters of data are escaped.
        return text in asked.text or json.dumps(text).strip('"') in asked.text
    return any(text in told for told in texts_of_scenes(_seen(asked, scenes)))


def _seen(asked: Asked, scenes: Mapping[int, Scene]) -> list[dict[str, Any]]:
    assert asked.video is not None
    return scene_items(asked.video.media, scenes, start=asked.video.start, end=asked.video.end)


def _value(asked: Asked, scenes: Mapping[int, Scene], *, reads: bool) -> Any:
    if asked.video is not None:
        if asked.video.media.reading is not None:
            return read_transcript(asked.video.media.reading, start=asked.video.start, end=asked.video.end)
        measured = transcript(asked.video.media, start=asked.video.start, end=asked.video.end)
        return _seen(asked, scenes) or measured
    if wants_notes(asked.json_schema):
        items = transcript_in(asked.text) or []
        return read_notes(items) if reads else notes(items)
    if asked.kind == "sop":
        return with_answers(_procedure(asked, scenes, reads=reads), answers_in(asked.text))
    return {"summary": _prose(asked)}


def _procedure(asked: Asked, scenes: Mapping[int, Scene], *, reads: bool) -> dict[str, Any]:
    items = transcript_in(asked.text)
    if reads:
        sections = sections_in(asked.text)
        return read_procedure(items or []) if sections is None else read_sections(sections)
    return scene_procedure(items or [], scenes) or procedure(items, prompt=asked.text)


def _prose(asked: Asked) -> str:
    digest = hashlib.sha256(asked.text.encode()).hexdigest()[:8]
    if asked.video is not None:
        media = asked.video.media
        return (
            f"The recording lasts {media.duration:g} seconds, the picture changes {len(media.changes)} times and "
            f"sound is heard {len(media.sounds)} times."
        )
    return f"This is an answer to {len(asked.text)} characters of text ({digest})."
