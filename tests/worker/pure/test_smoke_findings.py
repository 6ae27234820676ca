"""What a smoke test makes of the answers of models, and the clip that it shows them."""

import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from runops.failures import Reason
from runops.supabase.probe import Finding
from runops.videojob import ModelChoice
from runops_worker.gemini.judge_error import Action, Verdict
from runops_worker.model.protocol import Answer, AnswerEnd, CallUsage
from runops_worker.smoke_test.calls import CLIP, CLIP_SECONDS, price_of, smoke_calls
from runops_worker.smoke_test.judge import findings, refused_part
from runops_worker.smoke_test.run import CallEnd, SmokeResult
from tests.worker.fakes import PROMPT
from tests.worker.pure.items import clicked, said

DAY = date(2026, 11, 30)
MODELS = ModelChoice(fallback=("gemini-5-neon",))
CLIP_CALL, OTHER_CLIP_CALL, SOP_CALL, _ = smoke_calls(MODELS, transcription_prompt=PROMPT, sop_prompt=PROMPT)
USAGE = CallUsage("gemini-3.8-flash-001", 3_500, 400, video_tokens=2_800, audio_tokens=320)
SPOKEN = json.dumps([said(2, "Hello.").model_dump(mode="json", exclude_none=True)])
SEEN = json.dumps([clicked(2, "Save").model_dump(mode="json", exclude_none=True)])


def shown(end: CallEnd) -> dict[str, Finding]:
    found = findings(SmokeResult(ends=(end,)), on=DAY)
    return {one.name.partition(", ")[2]: one for one in found if one.name != "paid: upload"}


def told(text: str = SPOKEN, **usage: Any) -> dict[str, Finding]:
    return shown(CallEnd(call=CLIP_CALL, answer=Answer(text), usage=replace(USAGE, **usage)))


def test_all_is_well_and_the_price_is_said() -> None:
    found = told()
    assert all(one.ok for one in found.values())
    assert found["transcript"].detail.endswith("accepted; 3500 + 400 tokens, 0.0041 USD")


@pytest.mark.parametrize(
    ("tokens", "ok", "says"),
    [
        (2_800, True, "a picture counts 280 tokens"),
        (1_400, True, "a picture counts 140 tokens"),
        (700, False, "A picture counts 70 tokens instead of 280: HIGH has no effect."),
        (1_399, False, "instead of 280"),
        (0, False, "No VIDEO tokens were counted"),
    ],
)
def test_what_a_picture_counts(*, tokens: int, ok: bool, says: str) -> None:
    found = told(video_tokens=tokens)["pictures"]
    assert (found.ok, says in found.detail) == (ok, True)
    assert (found.remedy is None) is ok


@pytest.mark.parametrize(
    ("text", "tokens", "ok"), [(SPOKEN, 320, True), (SPOKEN, 0, True), (SEEN, 320, True), (SEEN, 0, False)]
)
def test_sound_is_heard_if_it_is_counted_or_transcribed(*, text: str, tokens: int, ok: bool) -> None:
    assert told(text, audio_tokens=tokens)["sound"].ok is ok


@pytest.mark.parametrize("text", ["no JSON", "[]"])
def test_an_answer_that_cannot_be_read_is_a_problem(text: str) -> None:
    assert not told(text)["answer"].ok


@pytest.mark.parametrize("end", [AnswerEnd.CUT_OFF, AnswerEnd.REFUSED, AnswerEnd.EMPTY, AnswerEnd.LOOPED])
@pytest.mark.parametrize("call", [CLIP_CALL, SOP_CALL], ids=["transcript", "SOP"])
def test_an_answer_that_is_not_whole_is_a_problem(end: AnswerEnd, call: Any) -> None:
    found = shown(CallEnd(call=call, answer=Answer("", end, "WORD"), usage=USAGE))
    (problem,) = [one for one in found.values() if not one.ok]
    assert f"The answer is {end} (WORD)." in problem.detail


def test_an_answer_whose_pictures_were_not_seen_says_so_and_names_the_failure() -> None:
    failure = Verdict(Action.RETRY, Reason.MODEL_FILE_REJECTED, "It did not see all pictures.")
    found = shown(CallEnd(call=CLIP_CALL, failure=failure, usage=replace(USAGE, video_tokens=0)))
    assert [name for name, one in found.items() if not one.ok] == ["pictures", "answer"]


def test_a_call_that_was_refused_is_one_problem() -> None:
    failure = Verdict(Action.FAIL, Reason.MODEL_KEY_REJECTED, "Gemini rejected the key.")
    found = shown(CallEnd(call=SOP_CALL, failure=failure))
    assert {name: one.detail for name, one in found.items()} == {"SOP": "Gemini rejected the key."}


@pytest.mark.parametrize(
    ("sentence", "part"),
    [
        ("Unknown name \"store\" at '': Cannot find field.", "store: false"),
        ("Thinking level is not supported for this model.", "the thinking level"),
        ("Invalid value at 'generation_config.media_resolution'", "HIGH resolution"),
        (
            "A schema in GenerationConfig in the request exceeds the maximum allowed nesting depth.",
            "the schema of the answer",
        ),
        ("The file is too large to be stored in the restored bucket", None),
        ("Request contains an invalid argument.", None),
    ],
)
def test_the_part_that_a_sentence_of_the_api_refuses(sentence: str, part: str | None) -> None:
    assert refused_part(sentence) == part


def test_the_price_is_of_all_calls_and_names_models_without_one() -> None:
    known = price_of([CLIP_CALL, SOP_CALL], on=DAY)
    assert 0 < known.usual < known.most < 1
    both = price_of([CLIP_CALL, OTHER_CLIP_CALL, SOP_CALL], on=DAY)
    assert (both.usual, both.most, both.unpriced) == (known.usual, known.most, ("gemini-5-neon",))


def test_each_call_is_a_request_of_the_worker_with_a_lower_limit() -> None:
    assert [call.model for call in (CLIP_CALL, OTHER_CLIP_CALL)] == ["gemini-3.8-flash", "gemini-5-neon"]
    assert CLIP_CALL.question.schema
    assert (CLIP_CALL.question.thinking, SOP_CALL.question.thinking) == ("low", "medium")
    assert "It is 10 seconds long" in CLIP_CALL.question.text
    assert CLIP_CALL.question.max_output_tokens == SOP_CALL.question.max_output_tokens == 8_192


def test_the_clip_is_small_and_an_mp4() -> None:
    content = CLIP.read_bytes()
    assert len(content) < 50_000
    assert content[4:8] == b"ftyp"
    assert CLIP_SECONDS == 10
