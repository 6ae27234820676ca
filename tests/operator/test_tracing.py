"""Traces reach a collector as OTLP, one for each video; a collector that is away costs nothing but its traces."""

import asyncio
from collections.abc import Iterator

import pytest

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
