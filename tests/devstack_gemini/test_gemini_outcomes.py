"""Every scripted outcome reaches the real client as the real service's failure would."""

import asyncio
import json
import time
from typing import Any

import httpx
import httpx2
import pytest
from google import genai
from google.genai import errors, types

from devstack.faults import Fault, FaultControl
from devstack.gemini.behaviour import Behaviour, Outcome, Turn
from devstack.gemini.control import GeminiControl
from runops.sop import Sop
from runops.sop_graph import graph_faults

MODEL = "gemini-3.8-flash"
TRANSCRIPT = [
    {
        "timestamp_start_visual": f"00:00:{second:02d}",
        "application_in_focus": "Mail",
        "action_type_observed": action,
        "screen_region_description_pre_action": "before",
        "screen_region_description_post_action": "after",
    }
    for second, action in enumerate(["CLICK", "MODAL_OPEN", "TYPE", "SCROLL_DOWN"])
]
PROMPT = f"Transcript: {json.dumps(TRANSCRIPT)}"
CONFIG = types.GenerateContentConfig(response_mime_type="application/json", response_json_schema={"type": "object"})


async def ask(client: genai.Client, *, model: str = MODEL, **changes: Any) -> types.GenerateContentResponse:
    config = CONFIG.model_copy(update=changes)
    return await client.aio.models.generate_content(model=model, contents=PROMPT, config=config)


async def stream(client: genai.Client) -> list[types.GenerateContentResponse]:
    chunks = await client.aio.models.generate_content_stream(model=MODEL, contents=PROMPT, config=CONFIG)
    return [chunk async for chunk in chunks]


def script(control: GeminiControl, outcome: Outcome, **turn: Any) -> None:
    control.behave(Behaviour(turns=[Turn(outcome=outcome, **turn)]))


def reason(answer: types.GenerateContentResponse) -> types.FinishReason | None:
    assert answer.candidates
    return answer.candidates[0].finish_reason


@pytest.fixture
async def whole(client: genai.Client) -> str:
    return (await ask(client)).text or ""


async def test_max_tokens_cuts_the_text(client: genai.Client, control: GeminiControl, whole: str) -> None:
    script(control, Outcome.MAX_TOKENS, keep_share=0.25)
    answer = await ask(client)
    assert reason(answer) == types.FinishReason.MAX_TOKENS
    assert answer.text == whole[: len(whole) // 4]


async def test_candidates_can_be_missing(client: genai.Client, control: GeminiControl) -> None:
    script(control, Outcome.EMPTY_CANDIDATES)
    answer = await ask(client)
    assert not answer.candidates
    assert answer.text is None


async def test_the_text_can_be_empty(client: genai.Client, control: GeminiControl) -> None:
    script(control, Outcome.EMPTY_TEXT)
    answer = await ask(client)
    assert not answer.text
    assert reason(answer) == types.FinishReason.STOP


async def test_the_prompt_can_be_blocked(client: genai.Client, control: GeminiControl) -> None:
    script(control, Outcome.PROMPT_BLOCKED, block_reason="SAFETY")
    answer = await ask(client)
    assert answer.prompt_feedback is not None
    assert answer.prompt_feedback.block_reason == types.BlockedReason.SAFETY
    assert not answer.candidates


@pytest.mark.parametrize("name", ["SAFETY", "RECITATION", "PROHIBITED_CONTENT", "SPII", "BLOCKLIST", "OTHER"])
async def test_a_candidate_can_come_without_content(client: genai.Client, control: GeminiControl, name: str) -> None:
    script(control, Outcome.NO_CONTENT, finish_reason=name)
    answer = await ask(client)
    assert answer.text is None
    assert reason(answer) == types.FinishReason(name)


async def test_the_client_follows_a_continuation_to_the_whole_text(
    client: genai.Client, control: GeminiControl, whole: str
) -> None:
    script(control, Outcome.CONTINUATION)
    assert (await ask(client)).text == whole
    assert [call.finish_reason for call in control.calls()][-2:] == ["CONTINUATION", "STOP"]
    script(control, Outcome.CONTINUATION)
    assert "".join(chunk.text or "" for chunk in await stream(client)) == whole


async def test_a_continuation_can_be_left_unfollowed(client: genai.Client, control: GeminiControl) -> None:
    script(control, Outcome.CONTINUATION)
    answer = await ask(client, automatic_continuation=False)
    assert answer.candidates
    assert answer.candidates[0].continuation_token


async def test_prose_fences_wrong_shapes_and_given_text_come_as_they_are(
    client: genai.Client, control: GeminiControl, whole: str
) -> None:
    kinds = [Outcome.PROSE, Outcome.CODE_FENCE, Outcome.WRONG_SHAPE]
    control.behave(
        Behaviour(turns=[*(Turn(outcome=kind) for kind in kinds), Turn(outcome=Outcome.TEXT, text='{"a": 1}')])
    )
    prose, fenced, shape, given = [(await ask(client)).text or "" for _ in range(4)]
    with pytest.raises(json.JSONDecodeError):
        json.loads(prose)
    assert fenced == f"```json\n{whole}\n```"
    assert "meta" not in json.loads(shape)
    assert given == '{"a": 1}'


@pytest.mark.parametrize("outcome", [Outcome.DANGLING_EDGE, Outcome.UNREACHABLE_NODE, Outcome.TWO_ENDS])
async def test_a_procedure_can_have_a_hole_that_only_its_graph_shows(
    client: genai.Client, control: GeminiControl, outcome: Outcome
) -> None:
    script(control, outcome)
    broken, sound = [Sop.model_validate_json((await ask(client)).text or "") for _ in range(2)]
    assert graph_faults(broken)
    assert not graph_faults(sound)


async def test_text_can_loop_until_the_limit(client: genai.Client, control: GeminiControl) -> None:
    script(control, Outcome.LOOP_TEXT)
    chunks = await stream(client)
    text = "".join(chunk.text or "" for chunk in chunks)
    assert text.count(text[-60:]) > 1_000
    assert len(chunks) > 10
    assert reason(chunks[-1]) == types.FinishReason.MAX_TOKENS


async def test_a_stream_can_end_without_a_reason(client: genai.Client, control: GeminiControl, whole: str) -> None:
    script(control, Outcome.NO_FINISH_REASON)
    chunks = await stream(client)
    assert [reason(chunk) for chunk in chunks] == [None] * len(chunks)
    assert len("".join(chunk.text or "" for chunk in chunks)) == len(whole) // 2


async def test_a_stream_can_break_off_with_an_error_event(client: genai.Client, control: GeminiControl) -> None:
    script(control, Outcome.ERROR_EVENT, status=503)
    received: list[str | None] = []

    async def receive() -> None:
        chunks = await client.aio.models.generate_content_stream(model=MODEL, contents=PROMPT, config=CONFIG)
        async for chunk in chunks:
            received.append(chunk.text)  # noqa: PERF401 - what came before the error is the point

    with pytest.raises(errors.ServerError) as broken:
        await receive()
    assert broken.value.code == 503
    assert received


@pytest.mark.parametrize("quota", ["perMinute", "perDay"])
async def test_a_429_tells_quota_and_delay(client: genai.Client, control: GeminiControl, quota: Any) -> None:
    script(control, Outcome.STATUS, status=429, retry_after_seconds=53.5, quota=quota)
    with pytest.raises(errors.ClientError) as limited:
        await ask(client)
    details = {one["@type"].rpartition(".")[2]: one for one in limited.value.details["error"]["details"]}
    assert details["RetryInfo"]["retryDelay"] == "53.5s"
    assert quota.removeprefix("per") in details["QuotaFailure"]["violations"][0]["quotaId"]
    assert limited.value.status == "RESOURCE_EXHAUSTED"


@pytest.mark.parametrize(("status", "name"), [(500, "INTERNAL"), (503, "UNAVAILABLE"), (504, "DEADLINE_EXCEEDED")])
async def test_servers_can_fail(client: genai.Client, control: GeminiControl, status: int, name: str) -> None:
    script(control, Outcome.STATUS, status=status)
    with pytest.raises(errors.ServerError) as failed:
        await ask(client)
    assert (failed.value.code, failed.value.status) == (status, name)
    assert control.calls()[-1].status == status


async def test_a_proxy_can_answer_with_a_page(client: genai.Client, control: GeminiControl) -> None:
    script(control, Outcome.HTML_502)
    with pytest.raises(errors.ServerError) as failed:
        await ask(client)
    assert failed.value.code == 502


async def test_turns_are_taken_by_kind_model_skip_and_times(client: genai.Client, control: GeminiControl) -> None:
    turns = [
        Turn(outcome=Outcome.STATUS, status=500, kind="transcribe", times=None),
        Turn(outcome=Outcome.STATUS, status=503, model="hydrogen$", times=None),
        Turn(outcome=Outcome.PROSE, kind="sop", skip=1, times=2),
    ]
    control.behave(Behaviour(turns=turns))
    texts = [(await ask(client)).text or "" for _ in range(4)]
    assert [text.startswith("Here") for text in texts] == [False, True, True, False]
    with pytest.raises(errors.ServerError):
        await ask(client, model="gemini-4-hydrogen")
    assert [turn.outcome for turn in control.behaviour().turns] == [Outcome.STATUS, Outcome.STATUS]
    control.reset()
    assert control.behaviour() == Behaviour()
    assert control.calls() == []


async def test_answers_can_be_late(client: genai.Client, control: GeminiControl) -> None:
    control.behave(Behaviour(latency_seconds=0.4))
    began = time.monotonic()
    await ask(client)
    assert time.monotonic() - began >= 0.4
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await ask(client)


async def test_a_stream_can_pause_between_its_parts(client: genai.Client, control: GeminiControl) -> None:
    control.behave(Behaviour(pause_seconds=0.3))
    began = time.monotonic()
    chunks = await client.aio.models.generate_content_stream(model=MODEL, contents=PROMPT, config=CONFIG)
    count = len([chunk async for chunk in chunks])
    assert count > 1
    assert time.monotonic() - began >= 0.3 * (count - 1)


async def test_a_stream_can_be_torn_on_the_wire(client: genai.Client, faults: FaultControl) -> None:
    faults.set(Fault(path="streamGenerateContent", kind="truncate"))
    with pytest.raises((httpx2.TransportError, errors.APIError)):
        await stream(client)
    assert (await stream(client))[-1].candidates


def test_a_malformed_behaviour_is_refused(http: httpx.Client) -> None:
    for body in ({"latency": 1}, {"turns": [{"outcome": "text"}]}, {"turns": [{"outcome": "explode"}]}):
        assert http.put("/_devstack/behaviour", json=body).status_code == 400


def test_a_client_that_leaves_in_the_middle_of_a_stream_is_noticed(http: httpx.Client, control: GeminiControl) -> None:
    control.behave(Behaviour(pause_seconds=0.2, turns=[Turn(outcome=Outcome.LOOP_TEXT)]))
    route, body = f"/v1beta/models/{MODEL}:streamGenerateContent?alt=sse", {"contents": [{"parts": [{"text": PROMPT}]}]}
    with http.stream("POST", route, json=body) as answer:
        assert next(answer.iter_lines()).startswith("data: ")
    deadline = time.monotonic() + 30
    while not control.calls()[0].client_gone:
        assert time.monotonic() < deadline, "the stand-in goes on"
        time.sleep(0.05)
    assert 1 <= control.calls()[0].events < 30
    control.behave(Behaviour())
    events = http.post(route, json=body).text.count("data: ")
    assert (control.calls()[-1].events, control.calls()[-1].client_gone) == (events, False)
