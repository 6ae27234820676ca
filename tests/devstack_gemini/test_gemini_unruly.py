"""The unruly mode: which faults answers get, how often, and the quotas that it keeps."""

import asyncio
import json
from collections import Counter
from typing import Any

import pytest
from google import genai
from google.genai import errors, types
from pydantic import ValidationError

from devstack.gemini.answers.procedure import procedure
from devstack.gemini.behaviour import Behaviour, Outcome, Turn
from devstack.gemini.control import GeminiControl
from devstack.gemini.rate import Rate
from devstack.gemini.script import Script
from devstack.gemini.unruly.draw import FAULT_NAMES, Unruly, draw, spoiled
from devstack.gemini.unruly.endings import TEXT_FAULTS
from devstack.gemini.unruly.procedures import SOP_FAULTS
from devstack.gemini.unruly.shares import SHARES
from devstack.gemini.unruly.transcripts import TRANSCRIPT_FAULTS
from runops.pacing.refusal import Counted, minute_quotas

MODEL = "gemini-3.8-flash"


def _transcript() -> list[dict[str, Any]]:
    seen = [
        {
            "timestamp_start_visual": f"00:01:{second:02d}",
            "application_in_focus": "Mail",
            "action_type_observed": "CLICK",
            "target_element_details": {"element_type_guess": "button", "element_visible_text": f"Row {second}"},
            "screen_region_description_pre_action": "before",
            "screen_region_description_post_action": "after",
        }
        for second in range(20)
    ]
    said = {"timestamp_start_audio": "00:01:03", "timestamp_end_audio": "00:01:05", "verbatim_transcript_segment": "Hi"}
    return [*seen, said]


TRANSCRIPT = json.dumps(_transcript(), separators=(",", ":"))


def _sop() -> dict[str, Any]:
    """Return a SOP with tasks, a decision and evidence."""
    items = _transcript()
    for number, item in enumerate(items[:6]):
        item["application_in_focus"] = f"Application {number}"
    items.insert(3, {**items[-1], "verbatim_transcript_segment": "If it is red, stop."})
    sop = procedure(items, prompt="")
    for node in sop["public"]["nodes"]:
        node["evidence"] = ["t0001"]
    return sop


SOP = json.dumps(_sop(), separators=(",", ":"))


@pytest.mark.parametrize("fault", [*TRANSCRIPT_FAULTS, *SOP_FAULTS, *TEXT_FAULTS], ids=lambda fault: fault.name)
def test_each_fault_of_the_catalogue_changes_an_answer(fault: Any) -> None:
    whole = SOP if fault.kind == "sop" else TRANSCRIPT
    shares = dict.fromkeys(FAULT_NAMES, 0.0) | {fault.name: 1.0}
    kind = "transcribe" if fault.kind == "any" else fault.kind
    changed = 0
    for number in range(10):
        drawn = draw(Unruly(shares=shares), kind=kind, call="one", number=number)
        assert drawn.names == (fault.name,)
        changed += spoiled(whole, drawn) != whole
    assert changed >= 5


def test_every_fault_has_a_name_of_its_own_and_a_share() -> None:
    assert len(set(FAULT_NAMES)) == len(FAULT_NAMES)
    assert sorted(SHARES) == sorted(FAULT_NAMES)
    for name, share in SHARES.items():
        assert 0 < share <= 0.2, name


def test_faults_come_as_often_as_their_shares_say() -> None:
    found = Counter[str]()
    for number in range(4_000):
        found.update(draw(Unruly(seed=7), kind="transcribe", call="one", number=number).names)
    for fault in TRANSCRIPT_FAULTS:
        assert SHARES[fault.name] * 0.4 < found[fault.name] / 4_000 < SHARES[fault.name] * 1.8, fault.name
    assert not set(found) & {fault.name for fault in SOP_FAULTS}


def test_the_same_seed_call_and_number_give_the_same_answer_and_a_repetition_another() -> None:
    unruly = Unruly(seed=3, scale=10)
    one, same = (spoiled(TRANSCRIPT, draw(unruly, kind="transcribe", call="c", number=0)) for _ in range(2))
    assert one == same
    assert len({spoiled(TRANSCRIPT, draw(unruly, kind="transcribe", call="c", number=n)) for n in range(9)}) > 5


def test_a_model_without_faults_and_an_answer_that_is_no_json_are_left_as_they_are() -> None:
    quiet = draw(Unruly(scale=0), kind="sop", call="c", number=0)
    assert (quiet.all_names, quiet.turn) == ((), None)
    wild = draw(Unruly(shares=dict.fromkeys(FAULT_NAMES, 1.0)), kind="sop", call="c", number=0)
    assert spoiled("A sentence.", wild) == "A sentence."


@pytest.mark.parametrize("number", range(300))
def test_all_faults_together_never_break_the_stand_in(number: int) -> None:
    for kind, whole in (("transcribe", TRANSCRIPT), ("sop", SOP), ("transcribe", "[]"), ("sop", "{}"), ("other", "7")):
        drawn = draw(Unruly(scale=8), kind=kind, call="c", number=number)
        assert isinstance(spoiled(whole, drawn), str)


def test_a_share_for_a_fault_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValidationError, match="no fault called sloth"):
        Unruly(shares={"sloth": 1})


async def _ask(client: genai.Client, text: str = f"Transcript: {TRANSCRIPT}") -> types.GenerateContentResponse:
    config = types.GenerateContentConfig(response_mime_type="application/json", response_json_schema={"type": "object"})
    return await client.aio.models.generate_content(model=MODEL, contents=text, config=config)


async def test_the_real_client_gets_the_faults_and_the_record_names_them(
    client: genai.Client, control: GeminiControl
) -> None:
    shares = dict.fromkeys(FAULT_NAMES, 0.0) | {"an odd version": 1.0, "a code fence": 1.0}
    whole = json.loads((await _ask(client)).text or "")
    control.behave(Behaviour(unruly=Unruly(shares=shares), versioned_names=True))
    answer = await _ask(client)
    assert answer.text is not None
    assert answer.text.startswith("```")
    assert json.loads(answer.text.strip("`").removeprefix("json").removeprefix("JSON"))["meta"] != whole["meta"]
    assert answer.model_version == f"{MODEL}-001"
    assert control.calls()[-1].faults == ["an odd version", "a code fence"]


async def test_an_end_that_is_drawn_is_an_end_as_a_turn_scripts_it(
    client: genai.Client, control: GeminiControl
) -> None:
    shares = dict.fromkeys(FAULT_NAMES, 0.0) | {"a quota": 1.0}
    control.behave(Behaviour(unruly=Unruly(shares=shares)))
    with pytest.raises(errors.ClientError) as refused:
        await _ask(client)
    assert refused.value.code == 429
    assert "RetryInfo" in str(refused.value.details)


async def test_while_an_overload_lasts_every_call_is_refused(client: genai.Client, control: GeminiControl) -> None:
    control.behave(Behaviour(turns=[Turn(outcome=Outcome.STATUS, status=504, lasts_seconds=3600)]))
    for _ in range(3):
        with pytest.raises(errors.ServerError) as refused:
            await _ask(client)
        assert refused.value.code == 504
    control.behave(Behaviour())
    assert (await _ask(client)).text, "a new behaviour ends it"


def test_an_overload_is_over_when_its_seconds_are() -> None:
    script = Script()
    script.begin_overload(Turn(outcome=Outcome.STATUS, status=504, lasts_seconds=5), now=100)
    script.begin_overload(Turn(outcome=Outcome.STATUS), now=101)
    assert [script.overloaded(now=at) for at in (100, 104.9, 105)] == [504, 504, None]


async def test_tokens_of_a_kind_can_be_left_out(client: genai.Client, control: GeminiControl) -> None:
    control.behave(Behaviour(unseen=["VIDEO", "AUDIO"]))
    answer = await _ask(client)
    assert answer.usage_metadata is not None
    kinds = {detail.modality for detail in answer.usage_metadata.prompt_tokens_details or ()}
    assert kinds == {types.MediaModality.TEXT}


async def test_requests_above_the_quota_are_refused_with_the_wait(client: genai.Client, control: GeminiControl) -> None:
    control.behave(Behaviour(requests_per_minute=1))
    await _ask(client, "one")
    with pytest.raises(errors.ClientError) as refused:
        await _ask(client, "two")
    assert refused.value.code == 429
    assert "GenerateRequestsPerMinute" in str(refused.value.details)


@pytest.mark.parametrize(
    ("calls", "requests", "tokens", "waits"),
    [
        ([(0, 5), (1, 5), (2, 5)], None, None, [0, 0, 0]),
        ([(0, 5), (1, 5), (2, 5)], 2, None, [0, 0, 58]),
        ([(0, 5), (1, 5), (60, 5)], 2, None, [0, 0, 0]),
        ([(0, 60), (10, 60), (20, 40)], None, 100, [0, 50, 0]),
        # A refused call does not count.
        ([(0, 60), (10, 60), (61, 60)], None, 100, [0, 50, 0]),
        # One call above the whole quota is let through alone.
        ([(0, 500), (1, 1)], None, 100, [0, 59]),
    ],
)
def test_a_minute_is_any_sixty_seconds(
    calls: list[tuple[float, int]], requests: int | None, tokens: int | None, waits: list[float]
) -> None:
    rate = Rate()
    found = [rate.take(count, now=at, requests=requests, most_tokens=tokens) for at, count in calls]
    assert [0 if exceeded is None else exceeded.wait_seconds for exceeded in found] == waits


@pytest.mark.parametrize(
    ("behaviour", "quotas"),
    [
        (Behaviour(requests_per_minute=1), {Counted.REQUESTS: 1}),
        (Behaviour(tokens_per_minute=1), {Counted.TOKENS: 1}),
        (Behaviour(requests_per_minute=1, tokens_per_minute=1), {Counted.REQUESTS: 1, Counted.TOKENS: 1}),
    ],
)
async def test_a_refusal_names_the_quotas_that_are_used_up(
    client: genai.Client, control: GeminiControl, behaviour: Behaviour, quotas: dict[Counted, int]
) -> None:
    control.behave(behaviour)
    await _ask(client, "one")
    with pytest.raises(errors.ClientError) as refused:
        await _ask(client, "two")
    details = refused.value.details["error"]["details"]
    assert {quota.counted: quota.limit for quota in minute_quotas(details[0]["violations"])} == quotas


async def test_a_minute_can_be_made_shorter(client: genai.Client, control: GeminiControl) -> None:
    control.behave(Behaviour(requests_per_minute=1, minute_seconds=0.05))
    await _ask(client, "one")
    await asyncio.sleep(0.05)
    await _ask(client, "two")
