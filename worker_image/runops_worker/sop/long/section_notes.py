"""Asks for the notes about the sections of a long transcript; what is answered is kept for the next attempt."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

from pydantic import ValidationError

from runops.progress import Stage
from runops.recorded_secrets.mask import mask
from runops.recorded_secrets.texts import change_texts
from runops_worker.checkpoint.format import Checkpoint, SectionDone
from runops_worker.checkpoint.keys import content_sha256, section_key
from runops_worker.checkpoint.store import CheckpointStore
from runops_worker.model.ask import IncompleteAnswer, ask_and_repair
from runops_worker.model.protocol import AnswerEnd, Model
from runops_worker.sop.long.compact import compact, tokens
from runops_worker.sop.long.long_request import SECTION_TOKENS
from runops_worker.sop.long.sections import SECTION_INSTRUCTION, SectionNotes, divided, read_notes, section_question

__all__ = ["section_notes"]

_LOG = logging.getLogger(__name__)
_FIRST_SHARE: Final = 0.7
"""Of a section that is divided in two. The first part ends at a pause, so it has 0.5 to 0.7 of the section."""
_LEAST_TOKENS: Final = 4_000
"""A section is not divided further when its answer is cut off: so little text needs no long answer."""


async def section_notes(
    items: Sequence[dict[str, Any]],
    *,
    models: Sequence[str],
    key_model: str,
    redaction: bool,
    model: Model,
    checkpoint: CheckpointStore,
) -> list[SectionNotes]:
    """Return the notes about all sections of a transcript, in order.

    One section is asked about after the other: the requests of a minute count against one quota. A section whose answer
    is cut off is divided in two.

    Parameters
    ----------
    items
        The transcript.
    models
        Name of the model that is asked, and of its fallback models.
    key_model
        Name of the model under which answers are kept: the task's own, so that a fallback model takes its notes over.
    redaction
        Whether secrets are hidden that the notes put together or make up.
    model, checkpoint
        Who answers; and where answers are kept.

    Raises
    ------
    IncompleteAnswer
        An answer about a section is incomplete, however short the section is.
    Failed
        The failure of the model, or `InvalidOutput`.
    """
    waiting = divided(items, most_tokens=SECTION_TOKENS)
    notes: list[SectionNotes] = []
    while waiting:
        section = waiting.pop(0)
        try:
            number, count = len(notes) + 1, len(notes) + 1 + len(waiting)
            notes.append(
                await _notes(
                    section,
                    key=section_key(content_sha256(list(section)), instruction=SECTION_INSTRUCTION, model=key_model),
                    models=models,
                    redaction=redaction,
                    model=model,
                    checkpoint=checkpoint,
                    number=number,
                    count=count,
                )
            )
        except IncompleteAnswer as incomplete:
            size = tokens(compact(section))
            if incomplete.answer.end not in {AnswerEnd.CUT_OFF, AnswerEnd.LOOPED} or size < _LEAST_TOKENS:
                raise
            _LOG.warning("the notes about a section were cut off, dividing it", extra={"items": len(section)})
            parts = divided(section, most_tokens=int(_FIRST_SHARE * size))
            if len(parts) < 2:
                raise
            waiting = [*parts, *waiting]
    return notes


async def _notes(
    section: Sequence[dict[str, Any]],
    *,
    key: str,
    models: Sequence[str],
    redaction: bool,
    model: Model,
    checkpoint: CheckpointStore,
    number: int,
    count: int,
) -> SectionNotes:
    if (saved := _saved(checkpoint.state, key)) is not None:
        return saved
    question = section_question(section, model=models[0], number=number, count=count)
    asked = await ask_and_repair(
        model,
        replace(question, fallback=tuple(models[1:])),
        partial(read_notes, section=section),
        video=None,
        on_usage=checkpoint.call_counter(Stage.PARSING_SOP),
        stage="notes",
    )
    notes = _without_secrets(asked.value) if redaction else asked.value
    done = SectionDone(key=key, notes=notes.as_data())
    await checkpoint.save(partial(Checkpoint.with_section, section=done))
    return notes


def _without_secrets(notes: SectionNotes) -> SectionNotes:
    data = change_texts(notes.as_data(), lambda text: mask(text).text, keep=frozenset({"ids", "at"}))
    return SectionNotes.model_validate(data)


def _saved(state: Checkpoint, key: str) -> SectionNotes | None:
    saved = next((section for section in state.sections if section.key == key), None)
    try:
        return None if saved is None else SectionNotes.model_validate(saved.notes)
    except ValidationError:
        return None
