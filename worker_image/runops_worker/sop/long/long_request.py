"""How a SOP is asked for, by the size of the transcript. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Any, Final

from runops_worker.model.protocol import Question
from runops_worker.sop.data_block import ABOUT_DATA, data_block
from runops_worker.sop.long.compact import LEGEND, compact, tokens
from runops_worker.sop.long.sections import SectionNotes
from runops_worker.sop.schema import asks_for_evidence
from runops_worker.sop.sop_request import in_language, sop_question
from runops_worker.task import Task

__all__ = ["COMPACT_TOKENS", "FULL_TOKENS", "SECTION_TOKENS", "Way", "compact_question", "notes_question", "way_for"]

FULL_TOKENS: Final = 60_000
"""About 20 minutes of a busy recording. Up to here the transcript is sent as it is stored."""
COMPACT_TOKENS: Final = 120_000
"""A model loses details in more text than this, and its provider may refuse it within one minute."""
SECTION_TOKENS: Final = 40_000
"""About half an hour of a busy recording: its notes fit into one answer."""
_MOST_NODES: Final = 150
"""With labels and contexts about 15,000 tokens, a third of what an answer may have."""


class Way(StrEnum):
    """What the model gets of a transcript."""

    FULL = "full"
    COMPACT = "compact"
    SECTIONS = "sections"


def way_for(items: Sequence[dict[str, Any]], *, was_cut_off: bool = False) -> Way:
    """Return what the model gets of a transcript.

    Parameters
    ----------
    items
        The transcript.
    was_cut_off
        Whether the SOP was cut off before. Then it is asked for by sections, which leads to a shorter one.
    """
    if was_cut_off:
        return Way.SECTIONS
    if tokens(items) <= FULL_TOKENS:
        return Way.FULL
    return Way.COMPACT if tokens(compact(items)) <= COMPACT_TOKENS else Way.SECTIONS


def compact_question(task: Task, items: Sequence[dict[str, Any]]) -> Question:
    """Return the question for the SOP of a transcript that is sent with short keys."""
    return replace(
        sop_question(task, ()),
        text=(
            f"Here is the transcript of one recording: {ABOUT_DATA} {LEGEND}\n"
            f"{data_block('transcript', compact(items))}\n"
            f"Write the SOP of the procedure that it shows, with at most {_MOST_NODES} nodes. {in_language(task)}"
        ),
    )


def notes_question(task: Task, notes: Sequence[SectionNotes]) -> Question:
    """Return the question for the SOP of a recording of which there are notes about each section."""
    sections = [{"section": number, **one.as_data()} for number, one in enumerate(notes, start=1)]
    return replace(
        sop_question(task, ()),
        text=(
            "A recording was too long to be read at once. Here are notes about its sections, in order, made of its "
            f"transcript: {ABOUT_DATA} Each step has "
            "the time in the recording (`at`), the application (`app`), what was done (`text`), the spoken reasons, "
            "conditions and exceptions (`why`), for what it was repeated (`repeats`), and the ids of the items of the "
            "transcript that it rests on (`ids`, single ones or ranges such as `t0012-t0019`).\n"
            f"{data_block('sections', sections)}\n"
            "Write one SOP of the whole procedure. What several sections repeat is one loop or one step; a section is "
            f"no step of its own. {_evidence(task)}The SOP has at most {_MOST_NODES} nodes. {in_language(task)}"
        ),
    )


def _evidence(task: Task) -> str:
    """Return what evidence is where the model sees notes in place of items; nothing where none is asked for."""
    if not asks_for_evidence(task.sop_prompt.text):
        return ""
    return (
        "In `evidence`, name ids that are under `ids` of the notes' steps that a node is made of; every other id "
        "counts as invented. "
    )
