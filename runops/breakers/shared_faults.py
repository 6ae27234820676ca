"""Which failures may concern every video, and whether one does. Pure; `breakers` keeps what is known of each."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from runops.failures import TABLE, FailureClass, Reason
from runops.progress import STAGES, Stage
from runops.videojob import ModelChoice, PromptChoice, VideoJobSpec

__all__ = [
    "ALONE",
    "MODEL_REASONS",
    "Hold",
    "Rule",
    "SharedFaults",
    "concerns_all",
    "first_stage_past",
    "is_shared",
    "rule_of",
]


@dataclass(frozen=True, slots=True)
class Hold:
    """Why a video must not start now.

    Attributes
    ----------
    reason
        Of the failures that other videos met.
    words
        What the last of them said; "" where nothing was said.
    seconds
        Until this video may try.
    """

    reason: Reason
    words: str
    seconds: float


@dataclass(frozen=True, slots=True)
class SharedFaults:
    """What is known of the faults that videos share, as one of the videos sees it.

    Attributes
    ----------
    open
        The reasons whose breaker is open.
    passed
        When another video got past a fault last.
    """

    open: frozenset[Reason] = frozenset()
    passed: Mapping[Reason, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rule:
    """When a failure counts as shared.

    Attributes
    ----------
    videos
        How many different videos must fail one after the other, without one that gets past the fault.
    holds
        Whether the videos at work wait too. Where they do not, each goes on trying at its own pace.
    alone
        Whether the failure uses up no attempt until another video gets past the fault: it is an outage of a service far
        more often than the fault of a video.
    past
        The first stage that no video reaches while the fault lasts, wherever in an earlier stage it was met.
    """

    videos: int
    holds: bool = True
    alone: bool = False
    past: Stage = Stage.TRANSCRIBING


_SETTING = 1
"""A key, a model or a prompt is the same for all: one video tells."""
_SERVICE = 2
"""A second video must say the same before a service counts as away."""
_PROGRAM = 3
"""A video may be what ends a worker; three in a row hardly are."""

MODEL_REASONS = frozenset(
    {
        Reason.MODEL_KEY_REJECTED,
        Reason.MODEL_NOT_FOUND,
        Reason.MODEL_NOT_IN_PLAN,
        Reason.MODEL_REFUSED_REQUEST,
        Reason.MODEL_REGION_REFUSED,
        Reason.MODEL_TIMEOUT,
        Reason.MODEL_UNAVAILABLE,
        Reason.PROMPT_MISSING,
        Reason.QUOTA_EXCEEDED,
    }
)
"""Faults that an answered call to the model disproves."""

_OF_A_MODEL = MODEL_REASONS - {Reason.MODEL_KEY_REJECTED, Reason.MODEL_REGION_REFUSED, Reason.PROMPT_MISSING}

_OTHERS: Mapping[Reason, Rule] = MappingProxyType(
    {
        Reason.QUOTA_EXCEEDED: Rule(_SETTING, holds=False, past=Stage.PARSING_SOP),
        Reason.MODEL_UNAVAILABLE: Rule(_SERVICE, alone=True, past=Stage.PARSING_SOP),
        Reason.MODEL_TIMEOUT: Rule(_SERVICE, alone=True, past=Stage.PARSING_SOP),
        Reason.STORAGE_UNAVAILABLE: Rule(_SERVICE, alone=True),
        Reason.DATABASE_UNAVAILABLE: Rule(_SERVICE, alone=True),
        Reason.STORAGE_REFUSED: Rule(_SERVICE),
        Reason.DATABASE_REFUSED: Rule(_SERVICE),
        Reason.VIDEOJOB_REFUSED: Rule(_SERVICE, holds=False),
        Reason.SIDECAR_FAILED: Rule(_SERVICE),
        Reason.WRONG_ARCHITECTURE: Rule(_SERVICE),
        Reason.MODEL_REFUSED_REQUEST: Rule(_PROGRAM, past=Stage.PARSING_SOP),
        Reason.MEDIA_TOOL_FAILED: Rule(_PROGRAM),
        Reason.INTERNAL: Rule(_PROGRAM),
        Reason.WORKER_CRASHED: Rule(_PROGRAM),
    }
)


ALONE = frozenset(reason for reason, rule in _OTHERS.items() if rule.alone)
"""The reasons of outages."""


def rule_of(reason: Reason) -> Rule | None:
    """Return the rule for a reason; None where the failure concerns its video alone."""
    if (rule := _OTHERS.get(reason)) is not None:
        return rule
    if TABLE[reason].failure_class is not FailureClass.KEY:
        return None
    return Rule(_SETTING, past=Stage.PARSING_SOP if reason in MODEL_REASONS else Stage.TRANSCRIBING)


def first_stage_past(rule: Rule, met_in: Stage | None) -> Stage:
    """Return the first stage that shows that a video got past a fault.

    Parameters
    ----------
    rule
        Of the fault.
    met_in
        The stage in which videos failed; None where that is not known.
    """
    after = STAGES[min(STAGES.index(met_in) + 1, len(STAGES) - 1)] if met_in is not None else rule.past
    return max(after, rule.past, key=STAGES.index)


def is_shared(reason: Reason, faults: SharedFaults, *, began: datetime | None) -> bool:
    """Return whether an attempt ended for a reason that other videos share, so that it uses up none of its attempts.

    Parameters
    ----------
    reason
        Why it ended.
    faults
        What is known of the other videos.
    began
        When the attempt began; None where that is not known.
    """
    if reason in faults.open:
        return True
    if reason not in ALONE:
        return False
    passed = faults.passed.get(reason)
    return passed is None or began is None or passed < began


def concerns_all(
    reason: Reason,
    spec: VideoJobSpec,
    *,
    models: ModelChoice,
    prompts: PromptChoice,
    words: str,
    earlier_prompts: bool = False,
) -> bool:
    """Return whether a failure concerns what new videos would use, and not a model or a prompt of one VideoJob alone.

    Parameters
    ----------
    reason, words
        Why an attempt ended, and the sentence of its worker, which names the model or the prompt.
    spec
        Of the VideoJob.
    models, prompts
        What the installation gives to new videos.
    earlier_prompts
        Whether the VideoJob's prompts are those of an earlier version of the chart.
    """
    if reason is Reason.PROMPT_MISSING:
        if earlier_prompts:
            return False
        theirs = {spec.prompts.transcription, spec.prompts.sop}
        ours = {prompts.transcription, prompts.sop}
    elif reason in _OF_A_MODEL:
        theirs, ours = {spec.model.transcribe, spec.model.sop}, {models.transcribe, models.sop}
    else:
        return True
    if not theirs & ours:
        return False
    named = {name for name in theirs if name in words}
    return not named or bool(named & ours)
