"""What the model is asked for a SOP. Pure."""

from collections.abc import Sequence
from typing import Any

from runops_worker.model.protocol import Question
from runops_worker.sop.data_block import ABOUT_DATA, data_block
from runops_worker.sop.schema import asks_for_evidence, sop_schema
from runops_worker.task import Task

__all__ = ["in_language", "sop_question"]

_MAX_OUTPUT_TOKENS = 49_152


def sop_question(task: Task, items: Sequence[dict[str, Any]]) -> Question:
    """Return the question: the items of a transcript as data, and what to make of them.

    Parameters
    ----------
    task
        Its model and its prompt. Evidence is asked for if the prompt explains it.
    items
        Each has a name, see `evidence.number_items`.
    """
    return Question(
        model=task.sop_model,
        instruction=task.sop_prompt.text,
        text=(
            f"Here is the transcript of one recording: {ABOUT_DATA}\n"
            f"{data_block('transcript', items)}\n"
            f"Write the SOP of the procedure that the transcript shows. {in_language(task)}"
        ),
        schema=sop_schema(with_evidence=asks_for_evidence(task.sop_prompt.text)),
        max_output_tokens=_MAX_OUTPUT_TOKENS,
        thinking="medium",
    )


def in_language(task: Task) -> str:
    """Return the sentence that says in which language the SOP is written."""
    language = f"in {task.sop_language}" if task.sop_language else "in the language that is spoken in the recording"
    return f"Write it {language}; what is on the screen stays in the language of the screen."
