"""How complete and how reliable a video's results are: `status.quality` of a VideoJob. Pure.

The model's answers are corrected by rule, asked for again in part, or left out at last. These are the counts.
"""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from runops.transcript import timestamp

__all__ = [
    "LONGEST_LOSS_DETAIL",
    "MOST_FALLBACKS",
    "MOST_GAPS",
    "MOST_LOSSES",
    "Gap",
    "GapReason",
    "LossKind",
    "Quality",
    "RecordingLoss",
    "RecordingQuality",
    "SopEdits",
    "SopQuality",
    "TranscriptQuality",
    "edits_sentence",
    "fallback_sentence",
    "gaps_sentence",
    "kept_gaps",
    "losses_sentence",
]

MOST_GAPS = 100
"""Gaps that are listed: the status of a VideoJob stays small. Of more, the longest are listed."""
MOST_FALLBACKS = 3
"""Fallback models of one video."""
MOST_LOSSES = 40
"""Losses of one recording: more than one for each of its streams."""
LONGEST_LOSS_DETAIL = 400
"""Characters of the sentence about one loss."""
ModelName = Annotated[str, Field(max_length=128)]

GapReason = Literal["refused", "empty", "cut_off", "not_covered"]
"""Why there is no transcript of a time range: the model refused it, gave no usable answer, broke off each time, or gave
an answer without items for it."""

LossKind = Literal["sound_unreadable", "sound_track_left_out", "cut_off", "pictures_damaged"]
"""What of a recording could not be used: its sound, one of several sound tracks, its end, its picture for some time."""


SopEdits = Literal["kept", "conflict"]
"""What became of edits to an earlier SOP: they are in the one in the table, or they kept the new one out of it."""


class _Camel(BaseModel):
    # Fields of a newer version are ignored: this is read from a checkpoint, too.
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True, extra="ignore")


class Gap(_Camel):
    """A time range of the recording without a transcript."""

    start: Annotated[float, Field(ge=0, description="Where it begins, in seconds of the recording.")]
    end: Annotated[float, Field(ge=0, description="Where it ends, in seconds of the recording.")]
    reason: Annotated[
        GapReason,
        Field(description="The model refused it, gave no usable answer, broke off each time, or left it out."),
    ]


class RecordingLoss(_Camel):
    """A part of the recording that could not be used."""

    kind: Annotated[
        LossKind,
        Field(
            description="What is lost: all sound, one of several sound tracks, the end, or the picture for some time."
        ),
    ]
    detail: Annotated[str, Field(max_length=LONGEST_LOSS_DETAIL, description="One sentence for the recording's owner.")]
    start: Annotated[float, Field(ge=0, description="Where it begins, in seconds of the recording.")] = 0.0
    end: Annotated[
        float | None,
        Field(ge=0, description="Where it ends, in seconds; not set: at the end."),
    ] = None


class RecordingQuality(_Camel):
    """What of the recording could be used."""

    losses: Annotated[
        tuple[RecordingLoss, ...], Field(max_length=MOST_LOSSES, description="Parts that could not be used.")
    ] = ()


class TranscriptQuality(_Camel):
    """What was done to get the transcript from the model's answers."""

    settled: Annotated[int, Field(ge=0, description="Values corrected by rule.")] = 0
    dropped: Annotated[int, Field(ge=0, description="Items left out because they could not be read.")] = 0
    repaired: Annotated[int, Field(ge=0, description="Items that the model corrected when it was asked to.")] = 0
    asked_again: Annotated[
        int, Field(ge=0, description="Calls about a time range for which an earlier answer was incomplete.")
    ] = 0
    hidden_secrets: Annotated[
        int, Field(ge=0, description="Passwords, keys, card numbers and codes that were hidden.")
    ] = 0
    gaps: Annotated[
        tuple[Gap, ...],
        Field(max_length=MOST_GAPS, description="Time ranges without a transcript; the longest, if there are many."),
    ] = ()
    fallback_models: Annotated[
        tuple[ModelName, ...],
        Field(max_length=MOST_FALLBACKS, description="Fallback models that answered about a part of the recording."),
    ] = ()


class SopQuality(_Camel):
    """What the SOP consists of."""

    fixed: Annotated[int, Field(ge=0, description="Faults of the model's SOP that were corrected by rule.")] = 0
    steps: Annotated[int, Field(ge=0, description="Tasks, decisions and loops.")] = 0
    steps_with_evidence: Annotated[
        int, Field(ge=0, description="Those for which there are items of the transcript on which they rest.")
    ] = 0
    steps_removed: Annotated[
        int, Field(ge=0, description="Tasks taken out because the recording neither shows nor says them.")
    ] = 0
    literals_removed: Annotated[
        int,
        Field(
            ge=0,
            description="Names, amounts, addresses ... replaced by variables: the recording does not have them.",
        ),
    ] = 0
    questions: Annotated[int, Field(ge=0, description="Questions to the owner (clarification requests).")] = 0
    hidden_secrets: Annotated[int, Field(ge=0, description="Secrets that the SOP made up and that were hidden.")] = 0
    fallback_model: Annotated[ModelName | None, Field(description="The fallback model that wrote it.")] = None
    edits: Annotated[
        SopEdits | None,
        Field(
            description="kept: what people edited in the SOP before is in this one, too. conflict: the edited SOP "
            "stays in the table, since both differ in the same places; `runops sop` tells where."
        ),
    ] = None


class Quality(_Camel):
    """How complete and how reliable the results are."""

    recording: Annotated[RecordingQuality | None, Field(description="The recording, if a part of it is lost.")] = None
    transcript: Annotated[TranscriptQuality | None, Field(description="The transcript.")] = None
    sop: Annotated[SopQuality | None, Field(description="The SOP.")] = None


def kept_gaps(gaps: Sequence[Gap]) -> tuple[Gap, ...]:
    """Return the gaps in order of time; of more than `MOST_GAPS`, the longest."""
    longest = sorted(gaps, key=lambda gap: gap.start - gap.end)[:MOST_GAPS]
    return tuple(sorted(longest, key=lambda gap: gap.start))


def gaps_sentence(quality: Quality | None) -> str:
    """Return one sentence about the gaps of the transcript; an empty text where there are none."""
    gaps = () if quality is None or quality.transcript is None else quality.transcript.gaps
    if not gaps:
        return ""
    length = timestamp(round(sum(gap.end - gap.start for gap in gaps)))
    parts = "1 part" if len(gaps) == 1 else f"{len(gaps)} parts"
    return f"{parts} of the recording ({length}) could not be transcribed; the SOP asks about {_it(len(gaps))}."


def losses_sentence(quality: Quality | None) -> str:
    """Return the sentences about what of the recording could not be used; an empty text where all of it could."""
    losses = () if quality is None or quality.recording is None else quality.recording.losses
    return " ".join(loss.detail for loss in losses)


def fallback_sentence(quality: Quality | None) -> str:
    """Return one sentence that names the fallback models that answered; an empty text where none did."""
    transcript = () if quality is None or quality.transcript is None else quality.transcript.fallback_models
    sop = None if quality is None or quality.sop is None else quality.sop.fallback_model
    parts = []
    if transcript:
        parts.append(f"{' and '.join(transcript)} transcribed at least a part of the recording")
    if sop is not None:
        parts.append(f"{sop} wrote the SOP")
    return f"In place of the first model, {', and '.join(parts)}." if parts else ""


def edits_sentence(quality: Quality | None) -> str:
    """Return one sentence about what people edited in an earlier SOP; an empty text where they edited nothing."""
    edits = None if quality is None or quality.sop is None else quality.sop.edits
    if edits == "kept":
        return "What was edited in the SOP before is in the new one, too."
    if edits == "conflict":
        return "The SOP in the table was edited and stays; the new one differs in the same places. See `runops sop`."
    return ""


def _it(count: int) -> str:
    return "it" if count == 1 else "them"
