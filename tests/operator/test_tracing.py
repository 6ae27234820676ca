"""Traces reach a collector as OTLP, one for each video; a collector that is away costs nothing but its traces."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from runops_operator.heartbeats import Heartbeats
from runops_operator.manifests.observed import parse_videojob
from runops_operator.observability.tracing import TraceSender, exporter
from tests.operator import journey
from tests.operator.world import World
from tests.otlp_receiver import Received, receiving


@pytest.fixture
def collector() -> Iterator[Received]:
    with receiving() as received:
        yield received


class _Sending:
    def __init__(self, endpoint: str, ratio: float = 1.0) -> None:
        self.dropped = 0
        self.sender = TraceSender(
            exporter(endpoint), namespace="runops", installation="test/runops", ratio=ratio, dropped=self._drop
        )

    def _drop(self) -> None:
        self.dropped += 1

    async def send(self, world: World, *, until: int, received: Received) -> None:
        """Show what a world has seen, and run until so many requests were made."""
        for before, after in world.looks:
            self.sender.see(before, after)
        task = asyncio.create_task(self.sender.run())
        await asyncio.to_thread(received.wait_for, requests=until)
        await asyncio.sleep(0.2)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _complete(world: World) -> str:
    job_id, name = await journey.claimed(world)
    await journey.started(world, name)
    await journey.completed(world, job_id, name)
    return name


async def test_each_video_that_ends_arrives_as_one_trace(world: World, collector: Received) -> None:
    names = [await _complete(world) for _ in range(2)]
    await _Sending(f"{collector.endpoint}/").send(world, until=1, received=collector)

    roots = [span for span in collector.spans if not span.parent_span_id]
    assert len(roots) == 2
    assert {item.value.string_value for root in roots for item in root.attributes} >= set(names)
    for root in roots:
        parts = [span for span in collector.spans if span.parent_span_id == root.span_id]
        assert [span.name for span in parts] == [
            *("queued", "scheduled", "preparing_video", "transcribing", "parsing_sop")
        ]
        assert {span.trace_id for span in parts} == {root.trace_id}
        assert root.start_time_unix_nano <= min(span.start_time_unix_nano for span in parts)
    assert collector.resources[0]["service.name"] == "runops-operator"
    assert collector.resources[0]["runops.installation"] == "test/runops"


async def test_a_collector_that_refuses_costs_its_traces_and_they_are_counted(
    world: World, collector: Received
) -> None:
    await _complete(world)
    collector.answers = [400]
    sending = _Sending(collector.endpoint)
    await sending.send(world, until=1, received=collector)
    assert (len(collector.spans), sending.dropped) == (0, 1)


@pytest.mark.parametrize(
    "status",
    [
        pytest.param({"stages": [{"stage": "transcribing", "seconds": 1e300}]}, id="a stage longer than any calendar"),
        pytest.param({"usage": {"transcribing": {"inputTokens": 2**70}}}, id="more tokens than OTLP can count"),
        pytest.param({"usage": {"mediaSeconds": 1e308, "costUsd": "1e999"}}, id="numbers of no meaning"),
    ],
)
async def test_whatever_a_worker_wrote_into_a_status_its_trace_and_the_next_ones_are_sent(
    world: World, collector: Received, status: dict[str, Any]
) -> None:
    for stage in status.get("stages", ()):
        stage["startTime"] = "2026-11-24T12:00:01Z"
    odd, usual = [await _complete(world) for _ in range(2)]
    before = next(before for before, after in world.looks if after.name == odd and after.finished)
    body = world.cluster.videojobs[odd]
    written = parse_videojob({**body, "status": {**body["status"], **status}})
    world.looks = [(before, written), *(look for look in world.looks if look[1].name == usual)]
    sending = _Sending(collector.endpoint)
    await sending.send(world, until=1, received=collector)
    roots = [span for span in collector.spans if not span.parent_span_id]
    assert (len(roots), sending.dropped) == (2, 0)


class _Odd(SpanExporter):
    """Refuses to encode the trace of one VideoJob."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.is_shut = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        names = [str((span.attributes or {})["runops.videojob"]) for span in spans if span.parent is None]
        if "odd" in names:
            raise ValueError("cannot be encoded")
        self.sent += names
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        self.is_shut = True


async def test_a_trace_that_cannot_be_encoded_is_dropped_alone_and_said(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    names = [await _complete(world) for _ in range(3)]
    dropped: list[str] = []
    odd = _Odd()
    sender = TraceSender(odd, namespace="a", installation="a/b", ratio=1.0, dropped=lambda: dropped.append("x"))
    loops = Heartbeats(lambda: 0.0)
    for before, after in world.looks:
        sender.see(before, replace(after, name="odd") if after.name == names[1] else after)
    running = asyncio.create_task(sender.run(loops.begin("traces")))
    async with asyncio.timeout(60):
        while len(odd.sent) < 2 or not dropped:  # noqa: ASYNC110 - an exporter reports no event
            await asyncio.sleep(0.01)
    assert not running.done()
    assert odd.sent == [names[0], names[2]]
    assert dropped == ["x"]
    assert caplog.messages == ["Unexpected error about a trace; it is dropped."]
    running.cancel()
    await sender.close()
    assert odd.is_shut


async def test_a_share_of_nothing_sends_nothing(world: World, collector: Received) -> None:
    await _complete(world)
    sending = _Sending(collector.endpoint, ratio=0.0)
    await sending.send(world, until=0, received=collector)
    assert (collector.requests, sending.dropped) == (0, 0)


async def test_after_a_restart_no_trace_is_sent_again(world: World, collector: Received) -> None:
    await _complete(world)
    world.start_operator()
    await world.compare()
    await world.settle()
    await _Sending(collector.endpoint).send(world, until=0, received=collector)
    assert collector.requests == 0
