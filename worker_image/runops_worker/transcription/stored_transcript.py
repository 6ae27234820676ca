"""The transcript in storage: put there by one attempt, used by the next."""

from typing import Any

from runops_worker.checkpoint.format import SlimDone, TranscriptDone, content_sha256, transcript_key
from runops_worker.running import Running

__all__ = ["keep_transcript", "kept_transcript"]


async def keep_transcript(running: Running, transcript: list[dict[str, Any]], *, slim: SlimDone) -> None:
    """Put a transcript into storage; its stretches need not be remembered any more.

    Raises
    ------
    Failed, SupabaseError
        It is not in storage.
    """
    await running.store_json(running.task.transcript_object, transcript)
    running.done.transcript = TranscriptDone(key=_key(running, slim.origin), sha256=content_sha256(transcript))
    running.done.chunks, running.done.cut_off = [], []
    await running.remember()


async def kept_transcript(running: Running, *, origin: str) -> list[dict[str, Any]] | None:
    """Return the transcript of an earlier attempt, where the same went into it and it is still what it was."""
    task, done = running.task, running.done.transcript
    if done is None or done.key != _key(running, origin):
        return None
    value = await running.kept(task.transcript_object)
    if not isinstance(value, list) or content_sha256(value) != done.sha256:
        return None
    return value


def _key(running: Running, origin: str) -> str:
    return transcript_key(origin, prompt=running.task.transcription_prompt, model=running.task.transcribe_model)
