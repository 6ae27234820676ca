"""How far a chunk is transcribed: where it begins, what is known of it, and how what was lost is opened again. Pure."""

from pydantic import ValidationError

from runops.transcript import parse_item
from runops_worker.checkpoint.format import ChunkState, OpenQuestion
from runops_worker.media.transcode.chunks import Chunk
from runops_worker.transcription.merge.chunk_transcript import ChunkTranscript

__all__ = ["about_clip", "begun", "is_usable", "transcripts_of", "with_lost_ranges_open"]


def begun(key: str, chunk: Chunk, *, so_far: str = "") -> ChunkState:
    """Return the state of a chunk about which nothing was asked; `so_far` as in `ChunkState`."""
    whole = OpenQuestion(start=chunk.start, end=chunk.start + chunk.length)
    return ChunkState(key=key, open=(whole,), so_far=so_far)


def about_clip(clip_sha256: str, saved: ChunkState, fresh: ChunkState) -> ChunkState:
    """Return the state to go on with, now that its clip is cut.

    Parameters
    ----------
    clip_sha256
        Hash of the clip.
    saved
        What is known of the chunk.
    fresh
        Its state before anything was asked. It is the one to go on with if the saved one is doubted and about another
        clip. One that is not doubted may be about a clip that differs by a packet of sound that is not heard.
    """
    is_other = saved.is_doubted and saved.clip_sha256 != clip_sha256
    return (fresh if is_other else saved).model_copy(update={"clip_sha256": clip_sha256, "is_doubted": False})


def is_usable(state: ChunkState) -> bool:
    """Return whether a saved state is of this version and its items can be read."""
    if not state.open and not state.calls:
        return False
    try:
        transcripts_of(state)
    except ValidationError:
        return False
    return True


def transcripts_of(state: ChunkState) -> list[ChunkTranscript]:
    """Return what is transcribed of a chunk.

    Raises
    ------
    pydantic.ValidationError
        The state holds something that is not an item.
    """
    return [ChunkTranscript(part.start, part.end, [parse_item(item) for item in part.items]) for part in state.answered]


def with_lost_ranges_open(state: ChunkState) -> ChunkState:
    """Return the state with what was lost to be asked about again, by as many calls as at first."""
    # A clip begins at a whole second, where a picture begins. What is left out may begin anywhere.
    again = tuple(
        OpenQuestion(start=float(int(lost.start)), end=lost.end, purpose="again", trouble=lost.trouble)
        for lost in state.lost
    )
    return state.model_copy(update={"open": (*state.open, *again), "lost": (), "calls": 0})
