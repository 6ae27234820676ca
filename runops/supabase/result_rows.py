"""Which of a job's rows in `transcripts` or `sops` is ours. Pure.

Newer projects keep several SOPs of a job, one for each `prompt_type`: the app's former worker wrote `atomic`, the plain
SOP, and `stagehand`, one for browser agents.
"""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict

__all__ = ["PROMPT_TYPE", "ResultRow", "our_rows", "row_to_show"]

PROMPT_TYPE = "atomic"
"""Of the SOPs that we write. A CHECK or an enum of such a project may take nothing else."""


class ResultRow(BaseModel):
    """A row without its content.

    Attributes
    ----------
    id
        Of any type that can be ordered.
    prompt_type
        None also where the table has no such column.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: Any
    prompt_type: str | None = None


def our_rows(rows: Sequence[ResultRow]) -> list[ResultRow]:
    """Return the rows that a result of ours replaces: at most one, unless the table holds duplicates.

    A row without a type was written before the column was there.
    """
    typed = [row for row in rows if row.prompt_type == PROMPT_TYPE]
    return typed or [row for row in rows if row.prompt_type is None]


def row_to_show(rows: Sequence[ResultRow]) -> ResultRow | None:
    """Return the row that a reader wants: the newest of ours, otherwise the newest of any type.

    Parameters
    ----------
    rows
        By their id, the newest last.
    """
    wanted = our_rows(rows) or rows
    return wanted[-1] if wanted else None
