"""What became of many rows that a person wanted changed."""

from dataclasses import dataclass, field
from uuid import UUID

__all__ = ["ROWS_AT_ONCE", "ManyResult"]

ROWS_AT_ONCE = 40
"""Rows that fit into a URL, each with what tells whether it is as it was shown."""


@dataclass(slots=True)
class ManyResult:
    """What became of the rows.

    Attributes
    ----------
    changed
        How many are as they were wanted.
    left
        How many were left alone: they were no longer as they were shown.
    refused
        Those that could not be read or that the table refused to change, with the words.
    """

    changed: int = 0
    left: int = 0
    refused: list[tuple[UUID, str]] = field(default_factory=list)
