"""The calls of a smoke test, and what they cost. Pure.

Each is a request of the worker, with the same prompt, schema and settings. Only the limit of the answer is lower, so
that the most it can cost is small.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from runops.videojob import ModelChoice
from runops_worker.model.estimate import CallEstimate, clip_estimate, text_estimate
from runops_worker.model.prices import cost
from runops_worker.model.protocol import Question
from runops_worker.sop.evidence.number_items import numbered
from runops_worker.sop.sop_request import sop_question
from runops_worker.task import Prompt, Task
from runops_worker.transcription.chunk_request import clip_question

__all__ = ["CLIP", "CLIP_SECONDS", "SMOKE_JOB", "Price", "SmokeCall", "price_of", "smoke_calls"]

CLIP: Final = Path(__file__).with_name("clip.mp4")
"""Ten seconds of the sample recording, encoded as a slim video is; `scripts/make-smoke-clip` cuts it."""
CLIP_SECONDS: Final = 10
SMOKE_JOB: Final = UUID("5a0e7e57-0000-4000-8000-000000000000")
"""In the name of the uploaded clip, by which a later smoke test finds and deletes it, if this one is killed."""
_MOST_OUTPUT_TOKENS: Final = 8_192
_TRANSCRIPT: Final[list[dict[str, Any]]] = [
    {
        "timestamp_start_audio": "00:00:01",
        "timestamp_end_audio": "00:00:04",
        "verbatim_transcript_segment": "We open the list of invoices and choose the first one that is open.",
    },
    {
        "timestamp_start_visual": "00:00:05",
        "application_in_focus": "Ledgerline",
        "action_type_observed": "CLICK",
        "target_element_details": {"element_type_guess": "row", "element_visible_text": "INV-2041"},
        "screen_region_description_pre_action": "A list of open invoices.",
        "screen_region_description_post_action": "The invoice INV-2041 is shown.",
    },
]


@dataclass(frozen=True, slots=True, kw_only=True)
class SmokeCall:
    """One call.

    Attributes
    ----------
    question
        What is asked.
    is_about_clip
        Whether it asks for a transcript of the clip; otherwise for a SOP.
    """

    question: Question
    is_about_clip: bool

    @property
    def model(self) -> str:
        """Which model is asked."""
        return self.question.model

    @property
    def estimate(self) -> CallEstimate:
        """The tokens that it will take."""
        if self.is_about_clip:
            return clip_estimate(self.question, seconds=CLIP_SECONDS, fps=1)
        return text_estimate(self.question)


def smoke_calls(models: ModelChoice, *, transcription_prompt: Prompt, sop_prompt: Prompt) -> list[SmokeCall]:
    """Return the calls: one about the clip to each model for transcripts, one for a SOP to each model for SOPs."""
    task = Task(
        job_id=SMOKE_JOB,
        claim="",
        user_id=None,
        source_bucket="",
        source_object="",
        transcribe_model=models.transcribe,
        sop_model=models.sop,
        fallback_models=models.fallback,
        transcription_prompt=transcription_prompt,
        sop_prompt=sop_prompt,
    )
    about_clip = [
        clip_question(task, model=name, seconds=CLIP_SECONDS, has_audio=True) for name in task.transcription_models
    ]
    about_text = [replace(sop_question(task, numbered(_TRANSCRIPT)), model=name) for name in task.sop_models]
    return [
        *(SmokeCall(question=_short(question), is_about_clip=True) for question in about_clip),
        *(SmokeCall(question=_short(question), is_about_clip=False) for question in about_text),
    ]


def _short(question: Question) -> Question:
    return replace(question, max_output_tokens=_MOST_OUTPUT_TOKENS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What calls will cost, in US dollars.

    Attributes
    ----------
    usual, most
        As a rule, and where each answer reaches its limit. Calls without a known price are not in it.
    unpriced
        Models whose price is not known.
    """

    usual: Decimal
    most: Decimal
    unpriced: tuple[str, ...]


def price_of(calls: Sequence[SmokeCall], *, on: date) -> Price:
    """Return what the calls will cost on a day."""
    usual = [cost(call.estimate.usual(), on) for call in calls]
    most = [cost(call.estimate.most(), on) for call in calls]
    unpriced = dict.fromkeys(call.model for call, dollars in zip(calls, usual, strict=True) if dollars is None)
    return Price(
        usual=sum((dollars for dollars in usual if dollars is not None), Decimal(0)),
        most=sum((dollars for dollars in most if dollars is not None), Decimal(0)),
        unpriced=tuple(unpriced),
    )
