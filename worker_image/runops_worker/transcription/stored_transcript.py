"""The whole transcript in storage: written by one attempt, used by the next."""

from dataclasses import dataclass
from typing import Any

from runops.quality import TranscriptQuality
from runops_worker.checkpoint.format import TranscriptDone
from runops_worker.checkpoint.keys import content_sha256, transcript_key
from runops_worker.checkpoint.store import CheckpointStore
from runops_worker.claimed_storage import ClaimedStorage
from runops_worker.task import Task

__all__ = ["StoredTranscript", "Transcript"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """The transcript of a recording.

    Attributes
    ----------
    items
        The JSON array for the table.
    sha256
        Hash of the items.
    """

    items: list[dict[str, Any]]
    sha256: str

    @classmethod
    def of(cls, items: list[dict[str, Any]]) -> "Transcript":
        """Return the transcript with the hash of its items."""
        return cls(items=items, sha256=content_sha256(items))


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTranscript:
    """Reads and writes the transcript of one job.

    Attributes
    ----------
    task, storage, checkpoint
        Of the run.
    """

    task: Task
    storage: ClaimedStorage
    checkpoint: CheckpointStore

    async def find(self, origin: str) -> Transcript | None:
        """Return the transcript of an earlier attempt, if it has the same inputs and is unchanged.

        Parameters
        ----------
        origin
            Of the slim video, see `SlimDone.origin`.

        Raises
        ------
        SupabaseError
            Storage did not answer.
        """
        done = self.checkpoint.state.transcript
        if done is None or done.key != self._key(origin):
            return None
        value = await self.storage.read_json(self.task.transcript_object)
        if not isinstance(value, list):
            return None
        transcript = Transcript.of(value)
        return transcript if transcript.sha256 == done.sha256 else None

    async def save(self, transcript: Transcript, *, origin: str, quality: TranscriptQuality) -> None:
        """Write the transcript. The checkpoint then drops the single chunks.

        Raises
        ------
        Failed, SupabaseError
            It is not in storage.
        """
        await self.storage.put_json(self.task.transcript_object, transcript.items)
        done = TranscriptDone(key=self._key(origin), sha256=transcript.sha256, quality=quality)
        await self.checkpoint.save(lambda state: state.with_transcript(done))

    def _key(self, origin: str) -> str:
        task = self.task
        return transcript_key(
            origin,
            prompt=task.transcription_prompt,
            model=task.transcribe_model,
            redaction=task.redaction,
            resolution=task.resolution,
        )
