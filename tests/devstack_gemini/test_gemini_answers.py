"""Answers come from what is given: the file's pictures and sound, the prompt's transcript, the schema."""

import asyncio
import json
from pathlib import Path
from typing import Any

import jsonschema
from google import genai
from google.genai import types
from pydantic import BaseModel

from devstack.gemini.behaviour import Behaviour
from devstack.gemini.control import GeminiControl
from runops.sop import Sop
from runops.sop_graph import graph_faults
from runops.transcript import TRANSCRIPT, AudioItem, VisualItem, seconds

ARRAY = {"type": "array", "items": {"type": "object"}}
OBJECT = {"type": "object"}
MODEL = "gemini-3.8-flash"


async def uploaded(client: genai.Client, path: Path) -> types.File:
    file = await client.aio.files.upload(file=path, config={"mime_type": "video/mp4", "display_name": "rec"})
    async with asyncio.timeout(120):
        while file.state == types.FileState.PROCESSING:
            await asyncio.sleep(0.05)
            file = await client.aio.files.get(name=file.name or "")
    assert file.state == types.FileState.ACTIVE
    return file


def watching(file: types.File, **metadata: Any) -> list[types.Part]:
    video = types.Part(
        file_data=types.FileData(file_uri=file.uri, mime_type="video/mp4"),
        video_metadata=types.VideoMetadata(**metadata) if metadata else None,
    )
    return [video, types.Part(text="Transcribe.")]


async def ask(client: genai.Client, contents: Any, schema: Any, **config: Any) -> types.GenerateContentResponse:
    return await client.aio.models.generate_content(
        model=MODEL,
        contents=contents,
        config=types.GenerateContentConfig(
            response_mime_type="application/json", response_json_schema=schema, **config
        ),
    )


async def transcribed(client: genai.Client, path: Path) -> str:
    file = await uploaded(client, path)
    answer = (await ask(client, watching(file), ARRAY)).text
    await client.aio.files.delete(name=file.name or "")
    assert answer is not None
    return answer


async def test_a_transcript_tells_what_happens_in_the_recording(client: genai.Client, recording: Path) -> None:
    items = TRANSCRIPT.validate_json(await transcribed(client, recording))
    seen = {item.start: item.action_type_observed for item in items if isinstance(item, VisualItem)}
    assert seen == {
        0.0: "SCREEN_UPDATE",
        2.0: "OPEN_APPLICATION",
        5.0: "MODAL_OPEN",
        8.0: "MODAL_CLOSE",
        10.0: "CLICK",
    }
    heard = [item for item in items if isinstance(item, AudioItem)]
    assert [(item.start, seconds(item.timestamp_end_audio)) for item in heard] == [(3.0, 6.0)]
    assert [item.start for item in items] == sorted(item.start for item in items)


async def test_every_time_lies_inside_the_recording(client: genai.Client, recording: Path) -> None:
    for item in TRANSCRIPT.validate_json(await transcribed(client, recording)):
        end = item.timestamp_end_visual if isinstance(item, VisualItem) else item.timestamp_end_audio
        assert 0 <= item.start <= seconds(end or "00:00:00") + item.start * (end is None) <= 12.1


async def test_the_same_recording_gives_the_same_words_and_another_one_others(
    client: genai.Client, recording: Path, other_recording: Path
) -> None:
    first = await transcribed(client, recording)
    assert await transcribed(client, recording) == first
    other = TRANSCRIPT.validate_json(await transcribed(client, other_recording))
    assert [item.start for item in other] == [0.0, 4.0]


async def test_offsets_of_a_part_leave_out_the_rest(client: genai.Client, recording: Path) -> None:
    file = await uploaded(client, recording)
    answer = await ask(client, watching(file, start_offset="4s", end_offset="9s"), ARRAY)
    starts = [item.start for item in TRANSCRIPT.validate_json(answer.text or "")]
    assert starts == [5.0, 8.0]
    assert answer.usage_metadata is not None
    counts = {d.modality: d.token_count for d in answer.usage_metadata.prompt_tokens_details or []}
    assert counts[types.MediaModality.VIDEO] == 5 * 70


async def test_a_procedure_follows_the_transcript_and_keeps_the_rules_of_the_graph(
    client: genai.Client, recording: Path, other_recording: Path
) -> None:
    answers = []
    for path in (recording, recording, other_recording):
        prompt = f"Make a SOP of this transcript [of a recording]:\n{await transcribed(client, path)}\nThank you."
        answers.append((await ask(client, prompt, OBJECT)).text or "")
    sops = [Sop.model_validate_json(answer) for answer in answers]
    assert [graph_faults(sop) for sop in sops] == [[], [], []]
    assert answers[0] == answers[1]
    assert sops[0].meta.id != sops[2].meta.id
    assert "decision" in {node.type for node in sops[0].public.nodes}
    assert "decision" not in {node.type for node in sops[2].public.nodes}
    assert sops[0].private is not None
    tasks = [node.id for node in sops[0].public.nodes if node.type == "task"]
    assert [step.node_id for step in sops[0].private.steps] == tasks


async def test_an_answer_takes_the_shape_of_the_schema_it_is_given(client: genai.Client, recording: Path) -> None:
    schema = {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {
                "timestamp_start_visual": {"type": "string"},
                "kind": {"type": "string", "enum": ["seen", "heard"]},
                "confidence": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
            },
            "required": ["kind", "confidence", "timestamp_start_visual"],
        },
    }
    file = await uploaded(client, recording)
    value = json.loads((await ask(client, watching(file), schema)).text or "")
    jsonschema.validate(value, schema)
    assert list(value[0]) == ["kind", "confidence", "timestamp_start_visual"]
    assert value[1]["timestamp_start_visual"] == "00:00:02"


class Finding(BaseModel):
    name: str
    weight: int | None
    inner: list[str]


async def test_a_schema_made_of_a_pydantic_class_is_answered(client: genai.Client) -> None:
    answer = await client.aio.models.generate_content(
        model=MODEL,
        contents="What is there?",
        config=types.GenerateContentConfig(response_mime_type="application/json", response_schema=Finding),
    )
    assert isinstance(answer.parsed, Finding)


async def test_text_is_answered_with_text_that_depends_on_it(client: genai.Client) -> None:
    first = await client.aio.models.generate_content(model=MODEL, contents="hello")
    other = await client.aio.models.generate_content(model=MODEL, contents="goodbye")
    assert first.text
    assert first.text != other.text


async def test_a_stream_gives_the_same_words_as_a_whole_answer(client: genai.Client, recording: Path) -> None:
    file = await uploaded(client, recording)
    config = types.GenerateContentConfig(response_mime_type="application/json", response_json_schema=ARRAY)
    chunks = [
        chunk
        async for chunk in await client.aio.models.generate_content_stream(
            model=MODEL, contents=watching(file), config=config
        )
    ]
    whole = await client.aio.models.generate_content(model=MODEL, contents=watching(file), config=config)
    assert len(chunks) > 1
    assert "".join(chunk.text or "" for chunk in chunks) == whole.text
    reasons = [chunk.candidates[0].finish_reason for chunk in chunks if chunk.candidates]
    assert reasons == [None] * (len(chunks) - 1) + [types.FinishReason.STOP]
    assert chunks[-1].usage_metadata == whole.usage_metadata


async def test_a_video_given_inline_is_watched_like_a_file(client: genai.Client, recording: Path) -> None:
    inline = types.Part.from_bytes(data=await asyncio.to_thread(recording.read_bytes), mime_type="video/mp4")
    answer = await ask(client, [inline, types.Part(text="Transcribe.")], ARRAY)
    assert answer.text == await transcribed(client, recording)


async def test_calls_are_recorded_without_what_was_said(
    client: genai.Client, control: GeminiControl, recording: Path
) -> None:
    control.behave(Behaviour(polls_before_active=0))
    transcript = await transcribed(client, recording)
    await ask(client, f"The secret word. {transcript}", OBJECT)
    first, second = control.calls()
    assert (first.kind, first.video, second.kind, second.video) == ("transcribe", True, "sop", False)
    assert first.finish_reason == "STOP"
    assert first.prompt_tokens > second.prompt_tokens > 0
    assert "secret" not in second.model_dump_json()
