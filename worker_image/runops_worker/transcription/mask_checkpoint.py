"""Hides secrets in the answers that a checkpoint holds, once another chunk tells what they are. Pure."""

from itertools import pairwise
from typing import Any

from runops.recorded_secrets.named_values import is_announced_at_end, said_value
from runops.recorded_secrets.span import marker
from runops_worker.checkpoint.format import AnsweredRange, Checkpoint, ChunkState
from runops_worker.transcription.known_secrets import KnownSecrets
from runops_worker.transcription.mask_secrets import hide_known_in

__all__ = ["masked_checkpoint"]

_SAID = "verbatim_transcript_segment"
_SEAM_SECONDS = 5.0
"""Chunks overlap or touch; a range that begins later than this after another one is no continuation of it."""


def masked_checkpoint(checkpoint: Checkpoint, known: KnownSecrets, *, newest: str | None = None) -> Checkpoint:
    """Return the checkpoint without the known secrets, and without passwords that the chunk before announces.

    Parameters
    ----------
    checkpoint
        What is to be stored.
    known
        What the answers of all chunks have told. It learns passwords that a chunk announced and the next one says.
    newest
        Key of the only chunk that changed since the last time; None where that is not known.
    """
    announced = _announced(checkpoint)
    known.learn(_value_said(text) for text in announced.values())
    is_new = newest is None or not known.is_hidden_everywhere
    chunks = tuple(
        _masked(chunk, known, announced) if is_new or chunk.key == newest else chunk for chunk in checkpoint.chunks
    )
    known.is_hidden_everywhere = True
    return checkpoint if chunks == checkpoint.chunks else checkpoint.model_copy(update={"chunks": chunks})


def _announced(checkpoint: Checkpoint) -> dict[tuple[str, float], str]:
    """Return the first sentence of each answered range whose password the range before it announces."""
    ranges = sorted(
        ((chunk.key, one) for chunk in checkpoint.chunks for one in chunk.answered), key=lambda pair: pair[1].start
    )
    found: dict[tuple[str, float], str] = {}
    for (_, before), (key, after) in pairwise(ranges):
        last, first = _sentences(before)[-1:], _sentences(after)[:1]
        follows = after.start - before.end <= _SEAM_SECONDS
        if follows and last and first and is_announced_at_end(last[0]) and said_value(first[0]) is not None:
            found[key, after.start] = first[0]
    return found


def _sentences(answered: AnsweredRange) -> list[str]:
    return [item[_SAID] for item in answered.items if item.get(_SAID)]


def _value_said(text: str) -> str:
    span = said_value(text)
    assert span is not None
    return text[span.start : span.end]


def _masked(chunk: ChunkState, known: KnownSecrets, announced: dict[tuple[str, float], str]) -> ChunkState:
    def answered(one: AnsweredRange) -> AnsweredRange:
        items: Any = one.items
        if (text := announced.get((chunk.key, one.start))) is not None:
            items = [{**item, _SAID: _without(text)} if item.get(_SAID) == text else item for item in items]
        return one.model_copy(update={"items": hide_known_in(items, known)})

    unsettled = [
        question.model_copy(
            update={
                "unsettled": tuple(
                    item.model_copy(update={"raw": hide_known_in(item.raw, known)}) for item in question.unsettled
                )
            }
        )
        for question in chunk.open
    ]
    return chunk.model_copy(
        update={
            "answered": tuple(map(answered, chunk.answered)),
            "open": tuple(unsettled),
            "so_far": hide_known_in(chunk.so_far, known),
        }
    )


def _without(text: str) -> str:
    span = said_value(text)
    assert span is not None
    return text[: span.start] + marker(span.kind) + text[span.end :]
