"""What was done to get a transcript, and which gaps it has: figures of all its chunks. Pure."""

from collections.abc import Sequence

from runops.quality import MOST_FALLBACKS, Gap, TranscriptQuality, kept_gaps
from runops.transcript import TranscriptItem
from runops.transcript_gaps import joined
from runops_worker.checkpoint.format import ChunkState
from runops_worker.transcription.mask_secrets import hidden_in

__all__ = ["gaps_of", "quality_of"]


def gaps_of(states: Sequence[ChunkState]) -> tuple[Gap, ...]:
    """Return the gaps of the transcript of all chunks."""
    return joined(
        Gap(start=lost.start, end=lost.end, reason=lost.trouble.reason) for state in states for lost in state.lost
    )


def quality_of(states: Sequence[ChunkState], items: Sequence[TranscriptItem], *, first_model: str) -> TranscriptQuality:
    """Return what was done to get the transcript of all chunks, which has these items.

    Parameters
    ----------
    states, items
        Of all chunks.
    first_model
        The model that is asked first; any other is a fallback model.
    """
    models = (part.model for state in states for part in state.answered if part.items)
    return TranscriptQuality(
        settled=sum(state.settled for state in states),
        dropped=sum(state.dropped for state in states),
        repaired=sum(state.repaired for state in states),
        asked_again=sum(state.asked_again for state in states),
        hidden_secrets=hidden_in(items),
        gaps=kept_gaps(gaps_of(states)),
        fallback_models=tuple(name for name in dict.fromkeys(models) if name not in {"", first_model})[:MOST_FALLBACKS],
    )
