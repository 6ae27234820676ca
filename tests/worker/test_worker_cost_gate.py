"""The gate of one video: its cap, and a checkpoint that is true whenever the worker is killed."""

import asyncio
from dataclasses import dataclass, field
from decimal import Decimal

import pytest

from runops.failures import Failed, Reason
from runops.progress import Stage
from runops_worker.checkpoint.format import read_checkpoint
from runops_worker.checkpoint.store import CheckpointStore
from runops_worker.cost.cap import NO_CAP, Cap
from runops_worker.cost.cost_gate import CostGate
from runops_worker.model.call_gate import CallResult
from runops_worker.model.estimate import CallEstimate
from runops_worker.model.ledger import Ledger
from runops_worker.model.prices import cost
from runops_worker.model.protocol import CallUsage, Question
from tests.worker.fakes import NOW, TASK, FakeSupabase, a_checkpoint

MODEL = "gemini-3.8-flash"
QUESTION = Question(model=MODEL, instruction="i", text="t", schema={}, max_output_tokens=20_000)


def estimate(model: str = MODEL, *, video: int = 80_000) -> CallEstimate:
    return CallEstimate(
        model=model,
        text_tokens=1_000,
        video_tokens=video,
        most_output_tokens=20_000,
        usual_output_tokens=5_000,
    )


USUAL = cost(estimate().usual(), NOW.date()) or Decimal(0)
MOST = cost(estimate().most(), NOW.date()) or Decimal(0)


@dataclass
class Scene:
    """A gate, its checkpoint and the storage behind it."""

    cap: Cap = NO_CAP
    fake: FakeSupabase = field(default_factory=FakeSupabase)
    changes: int = 0

    def __post_init__(self) -> None:
        self.checkpoint: CheckpointStore = a_checkpoint(self.fake)
        self.reported: list[int] = []
        self.gate = CostGate(
            self.checkpoint, cap=self.cap, now=lambda: NOW, on_change=self._changed, reported=self._report
        )

    def _changed(self) -> None:
        self.changes += 1

    async def _report(self) -> None:
        self.reported.append(len(self.stored.under_way))

    @property
    def ledger(self) -> Ledger:
        return self.checkpoint.state.ledger

    @property
    def stored(self) -> Ledger:
        return read_checkpoint(self.fake.objects[TASK.checkpoint_object]).ledger

    async def begin(self, call: CallEstimate) -> None:
        await self.gate.before(QUESTION, estimate=call)

    def bill(self, call: CallEstimate, usage: CallUsage) -> None:
        self.checkpoint.call_counter(Stage.TRANSCRIBING)(usage)
        self.gate.after(CallResult(estimate=call, usage=usage))


async def test_a_call_is_in_storage_before_it_is_made_and_its_bill_replaces_it() -> None:
    scene, call = Scene(), estimate()
    await scene.begin(call)
    (under_way,) = scene.stored.under_way
    assert under_way.usage == call.usual()
    assert under_way.stage is Stage.TRANSCRIBING
    scene.bill(call, call.most())
    assert (scene.ledger.cost_usd, scene.ledger.under_way) == (MOST, ())
    assert scene.changes == 2
    assert scene.reported == [1], "once, when it was in storage"


async def test_a_call_without_pictures_is_of_the_sop() -> None:
    scene = Scene()
    await scene.begin(estimate(video=0))
    assert scene.stored.under_way[0].stage is Stage.PARSING_SOP


async def test_what_a_killed_worker_had_begun_counts_in_the_next_attempt() -> None:
    scene = Scene()
    await asyncio.gather(scene.begin(estimate()), scene.begin(estimate()), scene.begin(estimate()))
    scene.bill(call := estimate(), call.usual())
    again = Scene(fake=scene.fake)
    await again.checkpoint.load()
    assert again.ledger.with_attempt().cost_usd == 3 * USUAL


@pytest.mark.parametrize(
    ("result", "counts"),
    [
        ({}, 1),
        ({"failure": Failed(Reason.MODEL_TIMEOUT)}, 1),
        ({"failure": Failed(Reason.QUOTA_EXCEEDED)}, 0),
        ({"failure": Failed(Reason.MODEL_UNAVAILABLE)}, 0),
        ({"made": False}, 0),
    ],
    ids=["cancelled", "timed out", "refused", "unavailable", "not made"],
)
async def test_a_call_without_a_bill_counts_where_it_was_perhaps_billed(result: dict[str, Failed], counts: int) -> None:
    scene, call = Scene(), estimate()
    await scene.begin(call)
    scene.gate.after(CallResult(estimate=call, **result))  # type: ignore[arg-type]
    assert scene.ledger.cost_usd == counts * USUAL
    assert scene.ledger.under_way == ()


async def test_a_call_that_would_exceed_the_cap_is_not_made() -> None:
    scene = Scene(Cap(most_usd=3 * USUAL))
    for _ in range(3):
        call = estimate()
        await scene.begin(call)
        scene.bill(call, call.usual())
    with pytest.raises(Failed, match="would exceed the cap") as failed:
        await scene.begin(estimate())
    assert failed.value.reason is Reason.COST_CAP_REACHED
    assert scene.ledger.under_way == ()


@pytest.mark.virtual_time
async def test_calls_side_by_side_exceed_the_cap_by_one_of_them_at_most() -> None:
    cap = 2 * MOST + USUAL
    scene = Scene(Cap(most_usd=cap))
    calls = [estimate() for _ in range(6)]
    begun: list[CallEstimate] = []

    async def one(call: CallEstimate) -> None:
        await scene.begin(call)
        begun.append(call)

    tasks = [asyncio.ensure_future(one(call)) for call in calls]
    await asyncio.wait(tasks, timeout=0.01)
    assert len(begun) == 3
    for call in begun[:3]:
        scene.bill(call, call.most())
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [isinstance(result, Failed) for result in results] == [False] * 3 + [True] * 3
    assert scene.ledger.cost_usd - cap == MOST - USUAL


@pytest.mark.virtual_time
async def test_a_call_waits_for_the_bill_of_another_and_then_goes_on() -> None:
    scene = Scene(Cap(most_usd=MOST + USUAL / 2))
    first, second = estimate(), estimate()
    await scene.begin(first)
    waiting = asyncio.ensure_future(scene.begin(second))
    await asyncio.wait({waiting}, timeout=0.01)
    assert not waiting.done()
    scene.bill(first, CallUsage(MODEL, 1, 1))
    await waiting
    assert len(scene.ledger.under_way) == 1


async def test_a_video_that_is_too_dear_is_refused_and_its_estimate_is_kept() -> None:
    scene = Scene(Cap(most_usd=USUAL))
    with pytest.raises(Failed, match="Nothing was spent"):
        await scene.gate.expect([estimate(), estimate()])
    assert scene.ledger.estimated_usd == 2 * USUAL
    assert scene.fake.objects == {}


async def test_the_first_estimate_stays() -> None:
    scene = Scene()
    await scene.gate.expect([estimate()])
    await scene.gate.expect([estimate(), estimate()])
    assert scene.ledger.estimated_usd == USUAL


@pytest.mark.parametrize("is_required", [True, False])
async def test_a_model_without_a_price_is_refused_only_on_demand(
    caplog: pytest.LogCaptureFixture, *, is_required: bool
) -> None:
    scene = Scene(Cap(most_usd=Decimal(9), require_prices=is_required))
    unknown = estimate("gemini-9-neon")
    if not is_required:
        await scene.gate.expect([unknown])
        await scene.begin(unknown)
        assert "price of a model is not known" in caplog.text
        return
    for refused in (scene.gate.expect([unknown]), scene.begin(unknown)):
        with pytest.raises(Failed, match="gemini-9-neon is not known"):
            await refused


async def test_a_call_is_not_made_where_the_checkpoint_cannot_be_written() -> None:
    scene = Scene(fake=FakeSupabase(is_held=False))
    with pytest.raises(Failed) as failed:
        await scene.begin(estimate())
    assert failed.value.reason is Reason.CLAIM_LOST
    assert scene.ledger.under_way == ()
    assert not scene.ledger.cost_usd
