"""How often a worker asks the API server for each call to the model, and what the VideoJob shows meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web

from runops.report import DayUsage, Usage
from runops_worker.model.estimate import CallEstimate
from runops_worker.model.own_pace import OwnPace
from runops_worker.model.protocol import Question
from runops_worker.reporting.operator_pace import OperatorPace
from runops_worker.reporting.usage_reporter import UsageReporter
from runops_worker.reporting.videojob_sink import VideoJobSink

_MODEL = "gemini-3.8-flash"
_QUESTION = Question(model=_MODEL, instruction="", text="", schema={}, max_output_tokens=1)
_ESTIMATE = CallEstimate(
    model=_MODEL, text_tokens=1, video_tokens=0, audio_tokens=0, most_output_tokens=1, usual_output_tokens=1
)
_PACED = {"granted": [{"model": _MODEL, "paced": True, "calls": 0}]}


class ApiServer:
    """Holds the status of one VideoJob, and keeps every patch of it."""

    def __init__(self) -> None:
        self.status: dict[str, Any] = {}
        self.patches: list[dict[str, Any]] = []
        self.status_code = 200

    async def patch(self, request: web.Request) -> web.Response:
        status = (await request.json())["status"]
        self.patches.append(status)
        # Time in which another request of the worker may come.
        await asyncio.sleep(0.01)
        self.status |= status
        return web.json_response({"status": self.status}, status=self.status_code)


@asynccontextmanager
async def _sink(folder: Path, server: ApiServer, now: list[float]) -> AsyncIterator[VideoJobSink]:
    app = web.Application()
    app.router.add_patch("/{any:.*}", server.patch)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    (folder / "token").write_text("token")
    try:
        async with VideoJobSink(
            address=f"http://127.0.0.1:{runner.addresses[0][1]}",
            namespace="runops",
            name="vj-1",
            token_file=folder / "token",
            ca_file=folder / "ca.crt",
            clock=lambda: now[0],
        ) as sink:
            yield sink
    finally:
        await runner.cleanup()


def _usage(bills: int, *, under_way: int) -> Usage:
    calls = (DayUsage(day="2026-11-30", cost_usd=f"{under_way}"),) if under_way else ()
    return Usage(cost_usd=str(bills), under_way=calls)


async def test_a_call_takes_one_report_before_it_and_one_after_it(tmp_path: Path) -> None:
    server, now = ApiServer(), [0.0]
    async with _sink(tmp_path, server, now) as sink:
        reporter, gate = UsageReporter(sink.report_usage), OperatorPace(sink, own=OwnPace())
        for number in range(3):
            now[0] += 30
            # As the pipeline does: the bill of the call before, the turn, the report, and then the call.
            reporter.note(_usage(number, under_way=0))
            await reporter.written()
            await gate.before(_QUESTION, estimate=_ESTIMATE)
            reporter.note(_usage(number, under_way=1))
            await reporter.written()
            shown = server.status["usage"]
            assert (shown["costUsd"], [day["costUsd"] for day in shown["underWay"]]) == (str(number), ["1"])
    assert len(server.patches) == 2 * 3
    assert {} not in server.patches


async def test_a_turn_that_is_asked_for_while_a_report_is_written_takes_its_answer(tmp_path: Path) -> None:
    server, now = ApiServer(), [0.0]
    server.status["pace"] = _PACED
    async with _sink(tmp_path, server, now) as sink:
        report = asyncio.ensure_future(sink.report_usage(_usage(1, under_way=0)))
        await asyncio.sleep(0)
        assert await sink.exchange_pace({}) == _PACED
        await report
    assert len(server.patches) == 1


async def test_an_answer_that_is_older_than_a_second_or_a_refusal_tells_nothing(tmp_path: Path) -> None:
    server, now = ApiServer(), [0.0]
    async with _sink(tmp_path, server, now) as sink:
        await sink.report_usage(_usage(1, under_way=0))
        now[0] = 1.0
        assert await sink.exchange_pace({}) == {}
        assert len(server.patches) == 1
        server.status["pace"] = _PACED
        now[0] = 1.1
        assert await sink.exchange_pace({}) == _PACED
        now[0], server.status_code = 9.0, 403
        await sink.report_usage(_usage(2, under_way=0))
        assert await sink.exchange_pace({}) is None
        assert server.patches[1] == {}


async def test_what_is_wanted_is_always_written(tmp_path: Path) -> None:
    server, now = ApiServer(), [0.0]
    wanted = {"wanted": [{"model": _MODEL, "calls": 1, "tokens": [1]}]}
    async with _sink(tmp_path, server, now) as sink:
        for _ in range(2):
            assert await sink.exchange_pace(wanted) == wanted
    assert server.patches == [{"pace": wanted}] * 2
