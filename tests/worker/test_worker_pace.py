"""Calls of several videos to the Gemini stand-in, which enforces a quota per minute: all are answered, in turns."""

import asyncio
from dataclasses import replace

from devstack.gemini.behaviour import Behaviour
from devstack.gemini.control import GeminiControl
from devstack.stack import StackInfo
from runops_worker.gemini.model import GeminiModel
from runops_worker.gemini.retry import MODEL_RETRIES
from runops_worker.model.own_pace import OwnPace
from runops_worker.model.protocol import Question

_MINUTE = 2.0
_QUESTION = Question(
    model="gemini-3.8-flash",
    instruction="Transcribe.",
    text="Give the transcript as JSON.",
    schema={"type": "array", "items": {"type": "object", "properties": {"text": {"type": "string"}}}},
    max_output_tokens=4096,
)


async def test_calls_of_all_videos_take_turns_once_one_is_refused(stack: StackInfo, control: GeminiControl) -> None:
    control.behave(Behaviour(requests_per_minute=4, minute_seconds=_MINUTE))
    pace = OwnPace(minute=_MINUTE)

    async def at_once(_seconds: float) -> None:
        """Wait for nothing: the gate waits."""

    async def one_video(user: str) -> None:
        retries = replace(MODEL_RETRIES, sleep=at_once)
        async with GeminiModel(stack.gemini_api_key, stack.gemini_url, retries=retries, gate=pace.of(user)) as model:
            await asyncio.gather(*(model.ask(_QUESTION, on_usage=lambda _: None) for _ in range(3)))

    await asyncio.gather(*(one_video(user) for user in ("ada", "bob", "cyd")))

    calls = control.calls()
    assert sum(call.status == 200 for call in calls) == 9
    # Of nine calls at once five are refused, and each goes again when its turn has come. Without turns all five come
    # back together, and all but four of them again.
    answered = sorted(call.at for call in calls if call.status == 200)
    assert answered[-1] - answered[0] >= _MINUTE
