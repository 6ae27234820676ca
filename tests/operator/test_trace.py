"""One video's trace: what stands in the finished VideoJob, as spans."""

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runops.failures import Reason
from runops.progress import Stage
from runops.report import Report, StageTime, StageUsage, Usage
from runops_operator.manifests.observed import VideoJobView
from runops_operator.observability.trace import Span, sampled, spans, trace_id
from tests.operator import journey
from tests.operator.world import World


async def _finished(world: World) -> VideoJobView:
    job_id, name = await journey.claimed(world, waited_seconds=60)
    await journey.started(world, name, after_seconds=10)
    await journey.completed(world, job_id, name)
    view = world.store.videojob(name)
    assert view is not None
    return view


def _named(view: VideoJobView) -> dict[str, Span]:
    return {span.name: span for span in spans(view, namespace="runops")}


async def test_a_trace_goes_from_the_queued_row_to_the_sop_without_a_gap(world: World) -> None:
    found = _named(await _finished(world))
    root = found["video"]
    assert list(found) == ["video", "queued", "scheduled", "preparing_video", "transcribing", "parsing_sop"]
    assert (root.end - root.start).total_seconds() == 260
    assert (found["queued"].start, found["queued"].end) == (root.start, found["scheduled"].start)
    assert (found["scheduled"].end - found["scheduled"].start).total_seconds() == 10
    assert found["transcribing"].start == found["preparing_video"].end
    assert all(span.parent_id == root.span_id for span in found.values() if span is not root)
    assert root.parent_id is None
    assert root.failure is None


async def test_a_video_that_is_made_in_the_second_of_its_row_begins_no_part_before_it(world: World) -> None:
    view = replace(
        await _finished(world),
        queued_at="2026-01-01T00:00:00.900000+00:00",
        created="2026-01-01T00:00:00Z",
    )
    found = _named(replace(view, status=view.status.model_copy(update={"start_time": "2026-01-01T00:00:01Z"})))
    root = found["video"]
    assert (found["queued"].start, found["queued"].end) == (root.start, root.start)
    assert (found["scheduled"].end - found["scheduled"].start).total_seconds() == 0.1
    assert all(root.start <= span.start <= span.end for span in found.values())


async def test_a_models_stage_carries_what_it_cost(world: World) -> None:
    attributes = _named(await _finished(world))["transcribing"].attributes
    assert attributes["gen_ai.response.model"] == "gemini-3.8-pro"
    assert attributes["gen_ai.usage.input_tokens"] == 90_000
    assert attributes["runops.model_calls"] == 2


async def test_the_root_says_whose_video_it_is_and_how_it_ended(world: World) -> None:
    view = await _finished(world)
    attributes = _named(view)["video"].attributes
    assert attributes["runops.job_id"] == view.name.removeprefix("vj-")
    assert attributes["runops.outcome"] == "Succeeded"
    assert attributes["k8s.namespace.name"] == "runops"
    assert attributes["k8s.node.name"] == "node-1"
    assert not any("@" in str(value) or "http" in str(value) for value in attributes.values())


async def test_a_video_without_a_sop_ends_in_an_error_with_its_reason(world: World) -> None:
    _, name = await journey.claimed(world)
    await journey.started(world, name)
    await journey.failed(world, name, Report(reason=Reason.NOT_A_VIDEO, message="It is a text."), code=66)
    view = world.store.videojob(name)
    assert view is not None
    assert _named(view)["video"].failure == "NotAVideo"


async def test_earlier_attempts_have_their_place(world: World) -> None:
    view = await _finished(world)
    later = replace(view, status=view.status.model_copy(update={"attempts": 3}))
    earlier = _named(later)["earlier attempts"]
    assert earlier.attributes == {"runops.attempts": 2}
    assert earlier.end == _named(later)["preparing_video"].start


async def test_a_trace_that_is_sent_twice_is_the_same_trace(world: World) -> None:
    view = await _finished(world)
    assert spans(view, namespace="runops") == spans(view, namespace="runops")
    ids = [span.span_id for span in spans(view, namespace="runops")]
    assert len(set(ids)) == len(ids)


async def test_an_uid_is_the_id_of_the_trace(world: World) -> None:
    view = replace(await _finished(world), uid="0b0c3a52-3c3f-4c0e-9c58-3f8d8e2f9a10")
    assert f"{trace_id(view):032x}" == "0b0c3a523c3f4c0e9c583f8d8e2f9a10"


@pytest.mark.parametrize("times", [{"completion_time": None}, {"completion_time": "soon"}])
async def test_where_the_times_do_not_tell_there_is_no_trace(times: dict[str, str | None], world: World) -> None:
    view = await _finished(world)
    assert spans(replace(view, status=view.status.model_copy(update=times)), namespace="runops") == []


@settings(max_examples=50, deadline=None)
@given(seconds=st.floats(), tokens=st.integers(min_value=0), model=st.text(max_size=128))
def test_whatever_numbers_a_worker_reports_there_is_a_trace_that_can_be_sent(
    seconds: float, tokens: int, model: str
) -> None:
    view = asyncio.run(_finished(World()))
    usage = Usage(transcribing=StageUsage(model=model, input_tokens=tokens, calls=tokens))
    stages = [StageTime.model_construct(stage=Stage.TRANSCRIBING, start_time="2026-11-24T12:00:00Z", seconds=seconds)]
    status = view.status.model_copy(update={"usage": usage, "stages": stages, "attempts": tokens})
    found = spans(replace(view, status=status), namespace="runops")
    assert [span.name for span in found if span.name == "transcribing"]
    for span in found:
        assert 0 <= (span.end - span.start).total_seconds() < 400 * 86_400
        assert all(abs(value) < 2**63 for value in span.attributes.values() if isinstance(value, int))


@given(st.integers(min_value=0, max_value=2**128 - 1), st.floats(min_value=0, max_value=1))
def test_none_is_sent_at_0_all_at_1_and_whoever_is_sent_at_less_is_sent_at_more(trace: int, ratio: float) -> None:
    assert not sampled(trace, 0.0)
    assert sampled(trace, 1.0)
    assert not sampled(trace, ratio) or sampled(trace, min(1.0, ratio * 1.5))
