"""In place of the first two stages, where only the SOP is made again: the transcript that is there."""

import asyncio
import logging
from typing import Any

from pydantic import ValidationError

from runops.failures import TABLE, Failed, Reason
from runops.recorded_secrets.mask import mask
from runops.recorded_secrets.texts import change_texts
from runops.transcript import dump_transcript, parse_item, seconds
from runops_worker.checkpoint.format import SlimDone
from runops_worker.checkpoint.store import CheckpointStore
from runops_worker.context import Context
from runops_worker.transcription.mask_secrets import mask_items
from runops_worker.transcription.stored_transcript import Transcript

__all__ = ["reuse_transcript"]

_LOG = logging.getLogger(__name__)
_STAMPS = frozenset(
    {"timestamp_start_visual", "timestamp_end_visual", "timestamp_start_audio", "timestamp_end_audio"}
    | {"action_type_observed"}
)


async def reuse_transcript(context: Context, checkpoint: CheckpointStore) -> tuple[SlimDone, Transcript]:
    """Return the transcript of an earlier run, whatever its model, prompt and settings, and its slim video.

    It is the checkpoint's, or that in the table: of another worker, or of a checkpoint that is gone. Neither recording
    nor slim video need be there any more.

    Raises
    ------
    Failed
        `TranscriptMissing`. Nothing is transcribed: that would be paid for, and was not asked for.
    SupabaseError
        Table or storage did not answer.
    """
    stored = await _stored(context, checkpoint)
    if stored is None:
        stored = await context.supabase.results.read_transcript(context.task.job_id)
    items: list[dict[str, Any]] = [item for item in stored or [] if isinstance(item, dict)]
    if not items or len(items) != len(stored or []):
        raise Failed(Reason.TRANSCRIPT_MISSING, TABLE[Reason.TRANSCRIPT_MISSING].with_remedy())
    if context.task.redaction:
        # It may have been stored while secrets were not hidden.
        items = await asyncio.to_thread(_without_secrets, items)
    _LOG.info("only the SOP is made again", extra={"items": len(items)})
    slim = checkpoint.state.slim
    return slim if slim is not None else await _unknown_slim(context, items), Transcript.of(items)


async def _stored(context: Context, checkpoint: CheckpointStore) -> list[Any] | None:
    done = checkpoint.state.transcript
    if done is None:
        return None
    value = await context.storage.read_json(context.task.transcript_object)
    return value if isinstance(value, list) and Transcript.of(value).sha256 == done.sha256 else None


def _without_secrets(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    try:
        return dump_transcript(mask_items([parse_item(item) for item in items]).items)
    except ValidationError:
        # Of another worker, in a form of its own.
        masked: list[dict[str, Any]] = change_texts(items, lambda text: mask(text).text, keep=_STAMPS)
        return masked


async def _unknown_slim(context: Context, items: list[dict[str, Any]]) -> SlimDone:
    """Return what is known of the slim video of a transcript without a checkpoint."""
    task = context.task
    info = await context.supabase.storage.stat(task.source_bucket, task.slim_object)
    return SlimDone(
        key="",
        sha256="",
        size_bytes=0 if info is None else info.size,
        duration_seconds=max(map(_end, items), default=0.0),
        frames=0,
        has_audio=any("verbatim_transcript_segment" in item for item in items),
    )


def _end(item: dict[str, Any]) -> float:
    stamps = [str(item[name]) for name in _STAMPS if "timestamp" in name and item.get(name)]
    return max((at for stamp in stamps if (at := _seconds(stamp)) is not None), default=0.0)


def _seconds(stamp: str) -> float | None:
    try:
        return seconds(stamp)
    except ValueError:
        return None
