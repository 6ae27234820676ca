"""What goes wrong with files in the unruly mode, and how faults are repeated: by caller and content."""

import asyncio
import contextlib
from collections import Counter
from pathlib import Path

import httpx2
import pytest
from google import genai
from google.genai import errors, types

from devstack.gemini.behaviour import Behaviour, Outcome, Turn, as_unruly
from devstack.gemini.control import GeminiControl
from devstack.gemini.unruly.draw import FAULT_NAMES, Unruly, draw_for_file
from devstack.gemini.unruly.file_faults import FILE_FAULTS
from devstack.gemini.unruly.shares import SHARES
from tests.devstack_gemini.conftest import KEY, StandIn

MODEL = "gemini-3.8-flash"
FILE = types.UploadFileConfig(mime_type="video/mp4")


async def _ready(client: genai.Client, recording: Path) -> types.File:
    file = await client.aio.files.upload(file=recording, config=FILE)
    async with asyncio.timeout(120):
        while file.state == types.FileState.PROCESSING:
            await asyncio.sleep(0.02)
            file = await client.aio.files.get(name=file.name or "")
    return file


async def _ask(client: genai.Client, file: types.File) -> types.GenerateContentResponse:
    video = types.Part(file_data=types.FileData(file_uri=file.uri, mime_type="video/mp4"))
    config = types.GenerateContentConfig(response_mime_type="application/json", response_json_schema={"type": "array"})
    return await client.aio.models.generate_content(model=MODEL, contents=[video], config=config)


@pytest.mark.parametrize(("outcome", "code"), [(Outcome.FILE_GONE, 403), (Outcome.FILE_NOT_READY, 400)])
async def test_a_file_that_is_active_can_fail_when_it_is_first_used(
    client: genai.Client, control: GeminiControl, recording: Path, outcome: Outcome, code: int
) -> None:
    control.behave(Behaviour(turns=[Turn(outcome=outcome)]))
    file = await _ready(client, recording)
    assert file.state == types.FileState.ACTIVE
    with pytest.raises(errors.ClientError) as refused:
        await _ask(client, file)
    assert refused.value.code == code
    if outcome is Outcome.FILE_GONE:
        assert file.name not in control.files()
    else:
        assert (await _ask(client, file)).text, "the second use finds it"


async def test_a_file_is_processed_for_as_long_as_is_drawn(
    client: genai.Client, control: GeminiControl, recording: Path
) -> None:
    control.behave(Behaviour(polls_before_active=0, processing_seconds=(3600, 3600)))
    file = await client.aio.files.upload(file=recording, config=FILE)
    await _measured(client, recording, control)
    assert (await client.aio.files.get(name=file.name or "")).state == types.FileState.PROCESSING
    with pytest.raises(errors.ClientError, match="ACTIVE"):
        await _ask(client, file)


async def _measured(client: genai.Client, recording: Path, control: GeminiControl) -> None:
    """Return when another file of the same bytes is ready: then the first one is measured as well."""
    control.behave(Behaviour(polls_before_active=0))
    await _ready(client, recording)


@pytest.mark.parametrize(("unseen", "left"), [("VIDEO", {"TEXT", "AUDIO"}), ("AUDIO", {"TEXT", "VIDEO"})])
async def test_pictures_or_sound_of_one_call_can_be_left_out(
    client: genai.Client, control: GeminiControl, recording: Path, unseen: str, left: set[str]
) -> None:
    file = await _ready(client, recording)
    control.behave(Behaviour(turns=[Turn.model_validate({"outcome": "unseen", "unseen": unseen})]))
    for expected in (left, {"TEXT", "VIDEO", "AUDIO"}):
        usage = (await _ask(client, file)).usage_metadata
        assert usage is not None
        assert {str(one.modality.value) for one in usage.prompt_tokens_details or () if one.modality} == expected


def test_faults_of_files_come_as_often_as_their_shares_say() -> None:
    unruly = Unruly(seed=3, scale=10)
    drawn = [draw_for_file(unruly, upload="one", number=number) for number in range(4_000)]
    found = Counter(fault.name for fault in drawn if fault is not None)
    for fault in FILE_FAULTS:
        assert 4 * SHARES[fault.name] < found[fault.name] / 4_000 < 16 * SHARES[fault.name], fault.name


async def test_an_upload_can_get_a_fault_that_was_drawn(
    client: genai.Client, control: GeminiControl, recording: Path
) -> None:
    shares = dict.fromkeys(FAULT_NAMES, 0.0) | {"processing fails": 1.0}
    control.behave(Behaviour(unruly=Unruly(shares=shares)))
    assert (await _ready(client, recording)).state == types.FileState.FAILED


async def test_faults_depend_on_the_caller_and_on_a_file_s_content_and_not_on_its_name(
    stand_in: StandIn, control: GeminiControl, recording: Path
) -> None:
    shares = {fault.name: 0.0 for fault in FILE_FAULTS}
    behaviour = as_unruly(5)
    assert behaviour.unruly is not None
    unruly = behaviour.unruly.model_copy(update={"scale": 3.0, "shares": shares})
    callers = ["video-1", "video-2", "video-3"]
    found = []
    for order in (callers, callers[::-1]):
        # Counts of repetitions begin again with each behaviour.
        control.reset()
        control.behave(Behaviour(unruly=unruly))
        for caller in order:
            await _call_as(caller, stand_in, recording)
        found.append({call.caller: call.faults for call in control.calls()})
    assert set(found[0]) == set(callers)
    assert found[0] == found[1], "whoever else calls, and in which order"
    assert len({str(faults) for faults in found[0].values()}) > 1, "each caller has faults of its own"


async def _call_as(caller: str, stand_in: StandIn, recording: Path) -> None:
    async with httpx2.AsyncClient(trust_env=False) as transport:
        options = types.HttpOptions(
            base_url=f"{stand_in.url}/as/{caller}", api_version="v1beta", httpx_async_client=transport
        )
        client = genai.Client(api_key=KEY, http_options=options)
        file = await _ready(client, recording)
        # A fault may be an error, or a stream that the client cannot read.
        with contextlib.suppress(errors.APIError, ValueError):
            await _ask(client, file)
        await client.aio.files.delete(name=file.name or "")


async def test_bytes_that_were_measured_before_are_not_measured_again(
    client: genai.Client, control: GeminiControl, recording: Path
) -> None:
    control.behave(Behaviour(polls_before_active=0))
    await _ready(client, recording)
    again = await client.aio.files.upload(file=recording, config=FILE)
    assert (await client.aio.files.get(name=again.name or "")).state == types.FileState.ACTIVE, "at the first look"
