"""Which failures concern every video."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from runops.breakers.shared_faults import SharedFaults, concerns_all, is_shared, rule_of
from runops.failures import Reason
from runops.progress import Stage
from runops.videojob import ModelChoice, PromptChoice, VideoJobSpec

BEGAN = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MODELS = ModelChoice(transcribe="model-a", sop="model-b")
PROMPTS = PromptChoice(config_map="prompts", transcription="transcription-a.md", sop="sop-a.md")


@pytest.mark.parametrize(
    ("reason", "faults", "began", "shared"),
    [
        (Reason.INTERNAL, SharedFaults(open=frozenset({Reason.INTERNAL})), BEGAN, True),
        (Reason.INTERNAL, SharedFaults(open=frozenset({Reason.KEY_REJECTED})), BEGAN, False),
        (Reason.INTERNAL, SharedFaults(), BEGAN, False),
        (Reason.MODEL_UNAVAILABLE, SharedFaults(), BEGAN, True),
        (Reason.MODEL_UNAVAILABLE, SharedFaults(passed={Reason.MODEL_UNAVAILABLE: BEGAN - SECOND}), BEGAN, True),
        (Reason.MODEL_UNAVAILABLE, SharedFaults(passed={Reason.MODEL_UNAVAILABLE: BEGAN}), BEGAN, False),
        (Reason.MODEL_UNAVAILABLE, SharedFaults(passed={Reason.MODEL_UNAVAILABLE: BEGAN + SECOND}), BEGAN, False),
        (Reason.MODEL_UNAVAILABLE, SharedFaults(passed={Reason.MODEL_TIMEOUT: BEGAN + SECOND}), BEGAN, True),
        (Reason.MODEL_UNAVAILABLE, SharedFaults(passed={Reason.MODEL_UNAVAILABLE: BEGAN + SECOND}), None, True),
    ],
)
def test_an_attempt_failed_for_a_shared_reason(
    reason: Reason, faults: SharedFaults, began: datetime | None, *, shared: bool
) -> None:
    assert is_shared(reason, faults, began=began) is shared


def concerns(
    reason: Reason,
    *,
    model: ModelChoice = MODELS,
    prompts: PromptChoice = PROMPTS,
    words: str = "",
    **given: bool,
) -> bool:
    spec = VideoJobSpec.model_validate(
        {
            "jobId": str(UUID(int=1)),
            "source": {"bucket": "videos", "path": "a.mp4"},
            "model": model.model_dump(by_alias=True),
            "prompts": prompts.model_dump(by_alias=True),
        }
    )
    return concerns_all(reason, spec, models=MODELS, prompts=PROMPTS, words=words, **given)


@pytest.mark.parametrize(
    ("transcribe", "sop", "words", "of_all"),
    [
        ("model-a", "model-b", "model-b is away.", True),
        ("model-b", "model-b", "model-b is away.", True),
        ("own-1", "own-2", "It failed.", False),
        ("own-1", "model-b", "It failed.", True),
        ("own-1", "model-b", "own-1 is away.", False),
        ("own-1", "model-b", "model-b is away.", True),
        ("own-1", "model-b", "own-1 and model-b are away.", True),
    ],
)
def test_a_fault_of_a_model_concerns_all_where_new_videos_would_use_that_model(
    transcribe: str, sop: str, words: str, *, of_all: bool
) -> None:
    own = ModelChoice(transcribe=transcribe, sop=sop)
    assert concerns(Reason.MODEL_NOT_FOUND, model=own, words=words) is of_all
    assert concerns(Reason.INTERNAL, model=own, words=words)


@pytest.mark.parametrize(("transcription", "of_all"), [("transcription-a.md", True), ("own.md", False)])
def test_a_prompt_that_is_missing_concerns_all_where_new_videos_would_use_it(
    transcription: str, *, of_all: bool
) -> None:
    own = PROMPTS.model_copy(update={"transcription": transcription})
    assert concerns(Reason.PROMPT_MISSING, prompts=own, words=f"There is no prompt {transcription}.") is of_all


def test_a_key_of_a_model_is_disproved_by_a_transcript_and_any_other_key_by_a_recording() -> None:
    model, storage = rule_of(Reason.MODEL_KEY_REJECTED), rule_of(Reason.KEY_REJECTED)
    assert model is not None
    assert storage is not None
    assert (model.past, storage.past) == (Stage.PARSING_SOP, Stage.TRANSCRIBING)


def test_prompts_are_those_of_this_version_where_nothing_else_is_said() -> None:
    assert concerns(Reason.PROMPT_MISSING, words="There is no prompt.")
    assert not concerns(Reason.PROMPT_MISSING, words="There is no prompt.", earlier_prompts=True)
