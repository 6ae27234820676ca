"""The checkpoint of one job: its finished work, and how each step changes it. Pure.

A chunk is transcribed before the slim video is whole, when its content is not known yet. So the key of a transcript is
made of what goes into the slim video: the recording and the settings. Where storage does not tell one recording from
another, the key is made of the content of the slim video, and no chunk is transcribed early.
"""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from runops.failures import Reason
from runops.progress import Stage
from runops.quality import GapReason, Quality, RecordingLoss, RecordingQuality, SopEdits, SopQuality, TranscriptQuality
from runops_worker.model.ledger import Ledger
from runops_worker.model.protocol import CallUsage

__all__ = [
    "AnsweredRange",
    "Checkpoint",
    "ChunkState",
    "LostRange",
    "OpenQuestion",
    "SeamsChosen",
    "SectionDone",
    "SlimDone",
    "SopDone",
    "SopTried",
    "TranscriptDone",
    "Trouble",
    "UnsettledItem",
    "read_checkpoint",
]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    key: str


class SlimDone(_Part):
    """The slim video is in storage. It does not have what `losses` names of the recording."""

    sha256: str
    size_bytes: int
    duration_seconds: float
    frames: int
    has_audio: bool
    losses: tuple[RecordingLoss, ...] = ()

    @property
    def origin(self) -> str:
        """First part of a transcript's key: what went into the slim video or, where that is unknown, its content."""
        return self.key or self.sha256


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Trouble(_Frozen):
    """Why a time range has no transcript yet.

    Attributes
    ----------
    reason
        As the VideoJob shows it.
    failure
        As the video fails for it, if too much of the recording is lost.
    detail
        The provider's word, such as RECITATION, or the first fault of the answer.
    """

    reason: GapReason = "not_covered"
    failure: Reason = Reason.INVALID_OUTPUT
    detail: str = ""


class UnsettledItem(_Frozen):
    """An item that could not be read, as the model wrote it, and what is wrong with it."""

    raw: Any
    faults: tuple[str, ...]


class OpenQuestion(_Frozen):
    """A time range about which the model is still to be asked.

    Attributes
    ----------
    start, end
        In seconds of the recording.
    purpose
        `first`: nothing was asked about it. `again`: no answer about it could be read. `half`: of a range about which
        the model gave no answer. `rest`: its answer broke off. `missing`: its answer left it out. `fallback`: another
        model is asked. `repair`: only the unsettled items are asked for.
    model
        Which of the task's models is asked, from 0. Where it is retired or overloaded, the next one is.
    unsettled
        Items to repair.
    trouble
        Why it is asked, except for the first question.
    """

    start: float
    end: float
    purpose: Literal["first", "again", "half", "rest", "missing", "fallback", "repair"] = "first"
    model: int = 0
    unsettled: tuple[UnsettledItem, ...] = ()
    trouble: Trouble = Trouble()


class AnsweredRange(_Frozen):
    """A time range of the recording, its items, and the model that gave them. Their times count from its start."""

    start: float
    end: float
    items: list[dict[str, Any]]
    model: str = ""


class LostRange(_Frozen):
    """A time range that stays without a transcript."""

    start: float
    end: float
    trouble: Trouble


class ChunkState(_Part):
    """How far one chunk is transcribed. It is saved after each answer, so that no answer is paid for twice.

    Attributes
    ----------
    open
        Questions still to ask, the next one first. Without any, the chunk is done.
    answered, lost
        What is known of its time, and what will not be.
    calls
        Questions asked about it so far.
    settled, dropped, repaired, asked_again
        Counts, see `runops.quality.TranscriptQuality`.
    so_far
        What the model was told about the recording before the chunk. It is the same in each question of each attempt.
    clip_sha256
        Hash of the clip that is asked about; empty in states of a former version.
    is_doubted
        Whether the slim video was encoded again since, so that its clip may be another one.
    """

    open: tuple[OpenQuestion, ...] = ()
    answered: tuple[AnsweredRange, ...] = ()
    lost: tuple[LostRange, ...] = ()
    calls: int = 0
    settled: int = 0
    dropped: int = 0
    repaired: int = 0
    asked_again: int = 0
    so_far: str = ""
    clip_sha256: str = ""
    is_doubted: bool = False


class SeamsChosen(_Part):
    """Where chunks of the slim video begin that need not begin where they are planned. The key is the video's origin.

    Attributes
    ----------
    starts
        In seconds, as far as they are chosen.
    """

    starts: tuple[float, ...] = ()


class TranscriptDone(_Part):
    """The whole transcript is in storage."""

    sha256: str
    quality: TranscriptQuality | None = None


class SectionDone(_Part):
    """The notes about one section of a long transcript."""

    notes: dict[str, Any]


class SopTried(_Part):
    """Models that gave no SOP of these inputs, and how the last of them failed. They are not asked again.

    Attributes
    ----------
    models
        Their names.
    failure, detail
        Reason and sentence.
    """

    models: tuple[str, ...] = ()
    failure: Reason = Reason.INVALID_OUTPUT
    detail: str = ""


class SopDone(_Part):
    """The SOP is in storage."""

    sha256: str
    quality: SopQuality | None = None


class Checkpoint(BaseModel):
    """Everything finished for one job, and what it cost.

    Attributes
    ----------
    slim, transcript, sections, sop
        Finished work, by its key. Sections are dropped once the SOP is there.
    sop_tried
        Models that gave no SOP while another one may.
    seams
        Where chunks begin. None where a former version made the slim video or began to transcribe it: then all chunks
        begin where they are planned.
    chunks
        How far the chunks are transcribed. They are dropped once the transcript is whole.
    decoded_whole
        Key of a slim video for which the whole recording must be decoded, because leaving out pictures failed.
    uploads
        Ids of resumable uploads that may be unfinished in storage, where a worker was killed.
    ledger
        Cost of all attempts.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    format: Literal[1] = 1
    slim: SlimDone | None = None
    seams: SeamsChosen | None = None
    chunks: tuple[ChunkState, ...] = ()
    decoded_whole: str | None = None
    uploads: tuple[str, ...] = ()
    transcript: TranscriptDone | None = None
    sections: tuple[SectionDone, ...] = ()
    sop_tried: SopTried | None = None
    sop: SopDone | None = None
    ledger: Ledger = Ledger()

    @property
    def begun(self) -> frozenset[Stage]:
        """The stages of which some work is done, or all."""
        done = {
            Stage.PREPARING_VIDEO: self.slim is not None,
            Stage.TRANSCRIBING: self.transcript is not None or bool(self.chunks),
            Stage.PARSING_SOP: self.sop is not None or bool(self.sections),
        }
        return frozenset(stage for stage, is_begun in done.items() if is_begun)

    @property
    def quality(self) -> Quality | None:
        """How good the finished results are; None where nothing is to be said yet."""
        losses = () if self.slim is None else self.slim.losses
        quality = Quality(
            recording=RecordingQuality(losses=losses) if losses else None,
            transcript=None if self.transcript is None else self.transcript.quality,
            sop=None if self.sop is None else self.sop.quality,
        )
        return None if quality == Quality() else quality

    def chunk(self, key: str) -> ChunkState | None:
        """Return the state of the chunk with this key."""
        return next((chunk for chunk in self.chunks if chunk.key == key), None)

    def with_upload(self, upload: str) -> "Checkpoint":
        """Add a resumable upload that begins now."""
        return self.model_copy(update={"uploads": (*self.uploads, upload)})

    def without_uploads(self) -> "Checkpoint":
        """Forget the uploads: each is finished or deleted."""
        return self.model_copy(update={"uploads": ()})

    def with_slim(self, slim: SlimDone) -> "Checkpoint":
        """Add the slim video. Its upload is finished."""
        return self.model_copy(update={"slim": slim, "uploads": ()})

    def without_slim(self) -> "Checkpoint":
        """Forget the slim video: the object in storage is not the one described here."""
        return self.model_copy(update={"slim": None})

    def with_whole_decode(self, key: str) -> "Checkpoint":
        """Note that the whole recording must be decoded. What is known of the former slim video is doubted."""
        if self.decoded_whole == key:
            return self
        # Chunks of a former version begin where they are planned.
        seams = None if self.seams is None else SeamsChosen(key=key)
        return self.with_doubted_chunks().model_copy(update={"decoded_whole": key, "seams": seams})

    def with_doubted_chunks(self) -> "Checkpoint":
        """Note that the slim video is encoded again, and other pictures or sound may be in it."""
        doubted = tuple(chunk.model_copy(update={"is_doubted": True}) for chunk in self.chunks)
        return self.model_copy(update={"chunks": doubted})

    def with_movable_seams(self, origin: str) -> "Checkpoint":
        """Note that chunks of this slim video need not begin where they are planned, unless some are transcribed."""
        is_of_former_version = self.seams is None and bool(self.chunks)
        if is_of_former_version or self.has_movable_seams(origin):
            return self
        return self.model_copy(update={"seams": SeamsChosen(key=origin)})

    def has_movable_seams(self, origin: str) -> bool:
        """Return whether chunks of this slim video need not begin where they are planned."""
        return self.seams is not None and self.seams.key == origin

    def seam_among(self, candidates: Sequence[float], *, origin: str) -> float | None:
        """Return which of these seconds was chosen for the start of a chunk of this slim video, if one was."""
        if self.seams is None or self.seams.key != origin:
            return None
        return next((start for start in self.seams.starts if start in candidates), None)

    def with_seam(self, start: float) -> "Checkpoint":
        """Add the second at which a chunk begins. The slim video has movable seams."""
        assert self.seams is not None
        seams = self.seams.model_copy(update={"starts": tuple(sorted({*self.seams.starts, start}))})
        return self.model_copy(update={"seams": seams})

    def with_chunk(self, chunk: ChunkState) -> "Checkpoint":
        """Set the state of a chunk."""
        others = tuple(other for other in self.chunks if other.key != chunk.key)
        return self.model_copy(update={"chunks": (*others, chunk)})

    def without_chunks(self) -> "Checkpoint":
        """Forget the chunks: the next attempt asks about them again."""
        return self.model_copy(update={"chunks": ()})

    def with_transcript(self, transcript: TranscriptDone) -> "Checkpoint":
        """Add the whole transcript, which replaces its chunks."""
        return self.model_copy(update={"transcript": transcript, "chunks": ()})

    def with_section(self, section: SectionDone) -> "Checkpoint":
        """Add the notes about a section, in place of those with the same key."""
        others = tuple(other for other in self.sections if other.key != section.key)
        return self.model_copy(update={"sections": (*others, section)})

    def with_sop_tried(self, tried: SopTried | None) -> "Checkpoint":
        """Set which models gave no SOP; None where all are asked again."""
        return self.model_copy(update={"sop_tried": tried})

    def with_sop(self, sop: SopDone) -> "Checkpoint":
        """Add the SOP. The notes about sections are dropped, and which models gave none."""
        return self.model_copy(update={"sop": sop, "sections": (), "sop_tried": None})

    def with_sop_edits(self, edits: SopEdits | None) -> "Checkpoint":
        """Add what became of edits to an earlier SOP."""
        if self.sop is None or self.sop.quality is None:
            return self
        quality = self.sop.quality.model_copy(update={"edits": edits})
        return self.model_copy(update={"sop": self.sop.model_copy(update={"quality": quality})})

    def with_call(self, stage: Stage, usage: CallUsage, *, on: date) -> "Checkpoint":
        """Add the cost of one call to the model."""
        return self.model_copy(update={"ledger": self.ledger.with_call(stage, usage, on=on)})

    def with_ledger(self, change: Callable[[Ledger], Ledger]) -> "Checkpoint":
        """Change the ledger."""
        return self.model_copy(update={"ledger": change(self.ledger)})

    def for_rerun(self) -> "Checkpoint":
        """Forget the SOP and the cost: a re-run of a completed job makes a new SOP of the same transcript."""
        return self.model_copy(update={"sop": None, "sop_tried": None, "ledger": Ledger()})


def read_checkpoint(value: Any) -> Checkpoint:
    """Return the checkpoint in a JSON value; an empty one where the value is not a checkpoint."""
    try:
        return Checkpoint.model_validate(value)
    except ValidationError:
        return Checkpoint()
