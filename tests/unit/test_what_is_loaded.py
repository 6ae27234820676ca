"""A pod is not slowed down, nor made larger, by libraries that it may never need."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

_LOADED = "import sys; import {program}; print(*sorted(name for name in sys.argv[1:] if name in sys.modules))"


@pytest.mark.parametrize(
    ("program", "not_needed"),
    [
        (
            "runops_worker.main",
            ["aiohttp", "kopf", "realtime", "supabase", "supabase_auth", "google.genai", "opentelemetry"],
        ),
        ("runops_operator.main", ["opentelemetry", "realtime", "supabase", "supabase_auth", "google.genai"]),
        ("devstack.gemini.__main__", ["lark", "google.genai", "runops_worker"]),
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


_LOOKED_THROUGH = """
import atexit, gc, sys
atexit.register(lambda: print(gc.get_freeze_count() > 9 * len(gc.get_objects())))
from {program} import run
run()
"""


@pytest.mark.parametrize("program", ["runops_cli.main", "runops_worker.main"])
def test_a_program_does_not_look_through_its_libraries_at_its_exit(program: str) -> None:
    code = _LOOKED_THROUGH.format(program=program)
    done = subprocess.run(
        [sys.executable, "-c", code, "--help"], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.splitlines()[-1] == "True"


_WITHOUT_GENERATED_CLASSES = """
import asyncio, importlib, importlib.abc, pkgutil, re, sys

class Pruned(importlib.abc.MetaPathFinder):
    kept = {"v1_object_meta", "v1_owner_reference", "v1_managed_fields_entry"}

    def find_spec(self, name, path, target=None):
        found = re.fullmatch(r"kubernetes(\\.aio)?\\.client\\.(api|models)\\.(\\w+)", name)
        if found and found[3] not in self.kept:
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Pruned())
import runops_operator
for module in pkgutil.walk_packages(runops_operator.__path__, "runops_operator."):
    importlib.import_module(module.name)

from aiohttp import web
from kubernetes.aio.client import Configuration
from runops_operator.kubernetes_api.api_server import ApiServer

async def main():
    async def answer(request):
        return web.json_response({"path": request.path})

    app = web.Application()
    app.router.add_post("/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()

    async def login():
        return Configuration(host=f"http://127.0.0.1:{runner.addresses[0][1]}")

    async with ApiServer(login) as api:
        print((await api.call("POST", "/apis", body={"a": [1, None, "b"]}))["path"])
    await runner.cleanup()

asyncio.run(main())
"""


def test_the_operator_runs_without_the_generated_classes_that_its_image_leaves_out() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT_GENERATED_CLASSES], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (0, "/apis\n"), done.stderr


def test_the_image_keeps_the_three_generated_classes_that_kopf_loads() -> None:
    loaded = subprocess.run(
        [sys.executable, "-c", "import runops_operator.main, sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout.split()
    generated = {
        name.rpartition(".")[2]
        for name in loaded
        if name.startswith(("kubernetes.client.models.", "kubernetes.aio.client.models.")) or ".client.api." in name
    }
    recipe = (Path(__file__).parents[2] / "operator" / "Containerfile").read_text()
    assert generated == set(re.findall(r"! -name (v1_\w+)\.py", recipe))


_OPENED = """
import asyncio, json, sys, tempfile, time
from pathlib import Path
from uuid import UUID
from runops.failures import Failed
from runops_worker.gemini.model import GeminiModel
from runops.retrying import RetryPolicy
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
    async with model.uploaded(video, job_id=UUID(int=1), seconds=1.0, fps=1):
        raise AssertionError

async def main():
    question = Question(model="m", instruction="i", text="t", schema={"type": "object"}, max_output_tokens=1)
    with tempfile.NamedTemporaryFile() as video:
        async with GeminiModel("key", "http://127.0.0.1:1/", retries=RetryPolicy(attempts=1)) as model:
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
