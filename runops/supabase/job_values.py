"""What is written to a row of `jobs` at each of its turns. Columns that a table lacks are left out later. Pure."""

from collections.abc import Mapping
from typing import Any

from runops.job_row import RowStatus, begins_with_sop, metadata_of_queued
from runops.logs import redact
from runops.progress import Stage
from runops.supabase.jobs_requests import NOW
from runops.supabase.postgres_json import postgres_json

__all__ = ["LONGEST_SENTENCE", "claimed", "completed", "explained", "failed", "queued", "queued_afresh", "refreshed"]

LONGEST_SENTENCE = 2000
"""Of the `error` column, in characters."""


def claimed(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a claim; `metadata` carries its stamp."""
    return {
        "status": RowStatus.PROCESSING.value,
        "updated_at": NOW,
        "metadata": metadata,
        "error": None,
        "completed_at": None,
        "progress_stage": None,
        "progress_percent": 0,
    }


def refreshed(stage: Stage | None, percent: int | None) -> dict[str, Any]:
    """Return the values of a heartbeat; a part of the progress that is None is left as it is."""
    progress = {"progress_stage": None if stage is None else stage.value, "progress_percent": percent}
    return {"updated_at": NOW, **{name: value for name, value in progress.items() if value is not None}}


def completed() -> dict[str, Any]:
    """Return the values of a completed row."""
    return {
        "status": RowStatus.COMPLETED.value,
        "updated_at": NOW,
        "completed_at": NOW,
        "error": None,
        "progress_stage": Stage.COMPLETED.value,
        "progress_percent": 100,
    }


def failed(sentence: str) -> dict[str, Any]:
    """Return the values of a row that failed, with its sentence as far as the column keeps it and without keys."""
    shown = postgres_json(redact(sentence))[:LONGEST_SENTENCE]
    return {"status": RowStatus.ERROR.value, "updated_at": NOW, "error": shown}


def explained(sentence: str) -> dict[str, Any]:
    """Return the values of a row that waits, with the sentence why, as for one that failed."""
    return {"error": failed(sentence)["error"]}


def queued(metadata: Any) -> dict[str, Any]:
    """Return the values of a row that goes back into the queue, without the claim in its metadata.

    What it is to begin with stays.
    """
    return _queued(metadata, only_sop=begins_with_sop(metadata))


def queued_afresh(metadata: Any, *, only_sop: bool = False) -> dict[str, Any]:
    """Return the values of a row that had ended and is queued again; with `only_sop`, only its SOP is made again."""
    return {**_queued(metadata, only_sop=only_sop), "error": None, "completed_at": None}


def _queued(metadata: Any, *, only_sop: bool) -> dict[str, Any]:
    values: dict[str, Any] = {"status": RowStatus.QUEUED.value, "updated_at": NOW}
    values |= {"progress_stage": None, "progress_percent": None}
    if only_sop or (isinstance(metadata, Mapping) and "runops" in metadata):
        values["metadata"] = metadata_of_queued(metadata, only_sop=only_sop)
    return values
