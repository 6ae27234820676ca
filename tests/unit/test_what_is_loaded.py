"""A pod is not slowed down, nor made larger, by libraries that it may never need."""

import json
import subprocess
import sys

import pytest

_LOADED = "import sys; import {program}; print(*sorted(name for name in sys.argv[1:] if name in sys.modules))"


@pytest.mark.parametrize(
    ("program", "not_needed"),
    [
        ("runops_worker.main", ["aiohttp", "kopf", "realtime", "supabase", "google.genai", "opentelemetry"]),
        ("runops_operator.main", ["opentelemetry", "realtime", "supabase", "google.genai"]),
        ("runops_cli.main", ["runops_worker", "runops_operator", "realtime", "supabase", "google.genai", "kopf"]),
    ],
)
def test_program_starts_without_what_it_may_never_need(program: str, not_needed: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _LOADED.format(program=program), *not_needed],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.split() == []


_OPENED = """
import asyncio, json, sys, tempfile, time
from pathlib import Path
from runops.failures import Failed
from runops_worker.gemini.model import GeminiModel
from runops_worker.gemini.retry import Schedule
from runops_worker.model.protocol import Question

longest, found = {}, {}

async def measured(name, work):
    async def watch():
        while True:
            before = time.thread_time()
            await asyncio.sleep(0.001)
            longest[name] = max(longest.get(name, 0.0), time.thread_time() - before)

    watching = asyncio.ensure_future(watch())
    await asyncio.sleep(0.01)
    loaded = set(sys.modules)
    try:
        await work
    except Failed as failure:
        assert failure.reason == "ModelUnavailable", failure
    found[name] = sorted(module for module in set(sys.modules) - loaded if module.startswith("google.genai"))
    await asyncio.sleep(0.01)
    watching.cancel()

async def use(model, video):
    async with model.uploaded(video, name="runops-test"):
        raise AssertionError

async def main():
    question = Question(model="m", instruction="i", text="t", schema={"type": "object"}, max_output_tokens=1)
    with tempfile.NamedTemporaryFile() as video:
        async with GeminiModel("key", "http://127.0.0.1:1/", schedule=Schedule(attempts=1)) as model:
            await measured("open", model.open())
            await measured("show", use(model, Path(video.name)))
            await measured("ask", model.ask(question, on_usage=print))
    print(json.dumps([longest, {name: len(modules) for name, modules in found.items()}]))

asyncio.run(main())
"""


def test_opening_the_model_loads_all_of_it_and_keeps_the_loop_from_nothing() -> None:
    """In processor time of the loop's thread, which does not depend on what else the machine does."""
    done = subprocess.run([sys.executable, "-c", _OPENED], capture_output=True, text=True, timeout=120, check=True)
    longest, loaded = json.loads(done.stdout)
    assert loaded["open"] > 10
    assert (loaded["show"], loaded["ask"]) == (0, 0)
    assert max(longest.values()) < 0.2, longest
