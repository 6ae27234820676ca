"""The SOP in storage: written by one attempt, used by the next, and kept as what people edited."""

from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from runops.quality import SopQuality
from runops.sop import Sop
from runops_worker.checkpoint.format import SopDone
from runops_worker.checkpoint.keys import content_sha256, sop_key
from runops_worker.checkpoint.store import CheckpointStore
from runops_worker.claimed_storage import ClaimedStorage
from runops_worker.sop.given_answers import NO_ANSWERS, GivenAnswers
from runops_worker.task import Task

__all__ = ["SopObject", "StoredSop"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SopObject:
    """The SOP of a recording.

    Attributes
    ----------
    value
        The JSON object for the table.
    sha256
        Hash of the value.
    """

    value: dict[str, Any]
    sha256: str

    @classmethod
    def of(cls, value: dict[str, Any]) -> "SopObject":
        """Return the SOP with the hash of its value."""
        return cls(value=value, sha256=content_sha256(value))


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSop:
    """Reads and writes the SOP of one job.

    Attributes
    ----------
    task, storage, checkpoint
        Of the run.
    answers
        Answers to questions of an earlier SOP.
    """

    task: Task
    storage: ClaimedStorage
    checkpoint: CheckpointStore
    answers: GivenAnswers = NO_ANSWERS

    async def find(self, transcript_sha256: str) -> SopObject | None:
        """Return the SOP of an earlier attempt, if it has the same inputs, is unchanged and keeps the rules.

        Raises
        ------
        SupabaseError
            Storage did not answer.
        """
        done = self.checkpoint.state.sop
        if done is None or done.key != self.key(transcript_sha256):
            return None
        value = await self.storage.read_json(self.task.sop_object)
        if not isinstance(value, dict) or content_sha256(value) != done.sha256:
            return None
        try:
            return SopObject.of(Sop.model_validate(value).dump())
        except ValidationError:
            return None

    async def save(
        self, sop: SopObject, *, evidence: dict[str, Any], transcript_sha256: str, quality: SopQuality
    ) -> None:
        """Write the SOP, and beside it what its steps rest on.

        Raises
        ------
        Failed, SupabaseError
            It is not in storage.
        """
        await self.storage.put_json(self.task.evidence_object, evidence)
        await self.storage.put_json(self.task.sop_object, sop.value)
        done = SopDone(key=self.key(transcript_sha256), sha256=sop.sha256, quality=quality)
        await self.checkpoint.save(lambda state: state.with_sop(done))

    def key(self, transcript_sha256: str) -> str:
        """Return the key of the SOP of a transcript."""
        task = self.task
        return sop_key(
            transcript_sha256,
            prompt=task.sop_prompt,
            model=task.sop_model,
            redaction=task.redaction,
            language=task.sop_language,
            answers_sha256=self.answers.sha256,
        )

    async def before(self) -> Any | None:
        """Return the generated SOP on which the one in the table rests, and keep it before another one is generated.

        Until a job is run again, the only one that was generated is that. Where none was, an empty object says so: a
        later attempt would take its own for it.

        Raises
        ------
        Failed, SupabaseError
            It could not be read or kept.
        """
        kept = await self.storage.read_json(self.task.merged_sop_object)
        if kept is None:
            found = await self.storage.read_json(self.task.sop_object)
            kept = {} if found is None else found
            await self.storage.put_json(self.task.merged_sop_object, kept)
        return kept
