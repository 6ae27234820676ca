"""What each score says of results that are right, damaged in one way, or empty."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runops.quality import Gap, Quality, TranscriptQuality
from runops.report import Usage
from runops.sop import Sop
from runops.transcript import AudioItem, TranscriptItem, VisualItem, ordered, timestamp
from runops_evaluation.gold.recording import GoldRecording
from runops_evaluation.results.result import Result
from runops_evaluation.scores.metrics import BY_NAME, METRICS
from runops_evaluation.scores.order import longest_increasing, order
from runops_evaluation.scores.rates import rates
from runops_evaluation.scores.score_recording import score_recording
from runops_evaluation.scores.wonderbread import wonderbread
from tests.evaluation.gold_set import all_gold, changed_sop, gold_named, perfect
from tests.sop_graphs import sound_sops

NAME = "ledgerline-invoice"
COST = {metric.name for metric in METRICS if metric.group == "cost"}


def scores_of(gold: GoldRecording, result: Result) -> dict[str, float | None]:
    return dict(score_recording(gold, result).values)


@pytest.mark.parametrize("gold", all_gold(), ids=lambda gold: gold.name)
def test_a_result_without_a_fault_has_the_best_score_in_everything(gold: GoldRecording) -> None:
    for name, value in scores_of(gold, perfect(gold)).items():
        if value is not None and name not in COST:
            assert value == (1.0 if BY_NAME[name].higher_is_better else 0.0), name


def test_every_metric_applies_to_the_gold_of_the_sample() -> None:
    gold = gold_named(NAME)
    assert None not in scores_of(gold, perfect(gold)).values()


def test_what_does_not_apply_has_no_figure() -> None:
    gold = gold_named("urlaubsantrag")
    values = scores_of(gold, replace(perfect(gold), usage=None, quality=None, evidence=None))
    assert {name for name, value in values.items() if value is None} == {
        "decisions.right",
        "loops.bodies",
        "evidence.share",
        "evidence.right",
        "gaps.share",
        *COST,
    }


Damage = Callable[[Result], Result]


def on_items(change: Callable[[TranscriptItem], TranscriptItem | None]) -> Damage:
    def damaged(result: Result) -> Result:
        changed = [after for item in result.transcript if (after := change(item)) is not None]
        return replace(result, transcript=tuple(ordered(changed)))

    return damaged


def on_sop(change: Callable[[Any], None]) -> Damage:
    def damaged(result: Result) -> Result:
        assert result.sop is not None
        return replace(result, sop=changed_sop(result.sop, change))

    return damaged


def is_typed(item: TranscriptItem, text: str) -> bool:
    return (
        isinstance(item, VisualItem)
        and item.data_input_observed is not None
        and (item.data_input_observed.typed_characters == text)
    )


def later(item: TranscriptItem) -> TranscriptItem:
    """Shift what was seen by more than the longest event and the tolerance."""
    if isinstance(item, AudioItem):
        return item
    return item.model_copy(update={"timestamp_start_visual": timestamp(item.start + 6), "timestamp_end_visual": None})


def three_seconds_later(item: TranscriptItem) -> TranscriptItem:
    if isinstance(item, AudioItem):
        return item
    return item.model_copy(update={"timestamp_start_visual": timestamp(item.start + 3), "timestamp_end_visual": None})


def mistyped(item: TranscriptItem) -> TranscriptItem:
    if not (isinstance(item, VisualItem) and is_typed(item, "Jonas Weber")):
        return item
    assert item.data_input_observed is not None
    data = item.data_input_observed.model_copy(update={"typed_characters": "Petra Klein"})
    return item.model_copy(update={"data_input_observed": data})


def misnamed(item: TranscriptItem) -> TranscriptItem:
    if not (isinstance(item, VisualItem) and item.action_type_observed == "CLICK" and item.start == 51.5):
        return item
    assert item.target_element_details is not None
    element = item.target_element_details.model_copy(update={"element_visible_text": "Cancel"})
    return item.model_copy(update={"target_element_details": element})


def other_kind(item: TranscriptItem) -> TranscriptItem:
    if isinstance(item, VisualItem) and item.start == 51.5:
        return item.model_copy(update={"action_type_observed": "DRAG_START"})
    return item


def misheard(item: TranscriptItem) -> TranscriptItem:
    if isinstance(item, AudioItem):
        text = item.verbatim_transcript_segment.replace("Jonas", "Yonas")
        return item.model_copy(update={"verbatim_transcript_segment": text})
    return item


def without(name: str, *, after: str, before: str) -> Callable[[Any], None]:
    """Take a step out, and join what it stood between."""

    def change(public: Any) -> None:
        public["nodes"] = [node for node in public["nodes"] if node["id"] != name]
        for node in public["nodes"]:
            if node["type"] == "loop":
                node["children"] = [child for child in node["children"] if child != name]
        public["edges"] = [edge for edge in public["edges"] if edge["source"] != name]
        for edge in public["edges"]:
            if edge["target"] == name:
                assert edge["source"] == before
                edge["target"] = after

    return change


def invented(public: Any) -> None:
    node = {"id": "coffee", "type": "task", "label": "Pour a cup of tea"}
    public["nodes"].append(node)
    for edge in public["edges"]:
        if edge["source"] == "each" and edge["condition"] == "all_processed":
            edge["target"] = "coffee"
    public["edges"].append({"source": "coffee", "target": "done", "condition": "next"})


def labels_exchanged(one: str, other: str) -> Callable[[Any], None]:
    """Exchange what two steps say; the graph stays."""

    def change(public: Any) -> None:
        first, second = (next(node for node in public["nodes"] if node["id"] == name) for name in (one, other))
        for field in ("label", "context"):
            first[field], second[field] = second.get(field, ""), first.get(field, "")

    return change


def context_of(name: str, text: str) -> Callable[[Any], None]:
    def change(public: Any) -> None:
        next(node for node in public["nodes"] if node["id"] == name)["context"] = text

    return change


def answers_exchanged(public: Any) -> None:
    for edge in public["edges"]:
        edge["condition"] = {"yes": "no", "no": "yes"}.get(edge["condition"], edge["condition"])


def short_body(public: Any) -> None:
    """End the loop before its last steps; they follow it."""
    loop = next(node for node in public["nodes"] if node["id"] == "each")
    loop["children"] = [child for child in loop["children"] if child not in {"send", "confirm"}]
    for edge in public["edges"]:
        if (edge["source"], edge["target"]) == ("manager", "send"):
            edge["target"] = "back"
        elif (edge["source"], edge["target"]) == ("each", "done"):
            edge["target"] = "send"
        elif (edge["source"], edge["target"]) == ("confirm", "back"):
            edge["target"] = "done"


def evidence_elsewhere(result: Result) -> Result:
    assert result.evidence is not None
    return replace(result, evidence=dict.fromkeys(result.evidence, ((64.5, 65.8),)))


def evidence_of_half(result: Result) -> Result:
    assert result.evidence is not None
    return replace(result, evidence=dict(list(result.evidence.items())[::2]))


def with_gap(result: Result) -> Result:
    gap = Gap(start=10, end=16.583, reason="refused")
    return replace(result, quality=Quality(transcript=TranscriptQuality(gaps=(gap,))))


EVENTS = {"events.precision", "events.recall", "events.f1"}
STEPS = {"steps.precision", "steps.recall", "steps.f1"}


@pytest.mark.parametrize(
    ("damage", "worse"),
    [
        pytest.param(
            on_items(lambda item: None if is_typed(item, "Helios") else item),
            {"events.recall", "events.f1"},
            id="an action is missing",
        ),
        pytest.param(
            lambda result: replace(
                result,
                transcript=tuple(
                    ordered(
                        [*result.transcript, *(later(item) for item in result.transcript if is_typed(item, "Helios"))]
                    )
                ),
            ),
            {"events.precision", "events.f1"},
            id="an action is invented",
        ),
        pytest.param(on_items(mistyped), EVENTS, id="a value is wrong"),
        pytest.param(on_items(misnamed), EVENTS | {"screen_text.cer", "grounding.transcript"}, id="a target is wrong"),
        pytest.param(on_items(other_kind), EVENTS, id="a kind is wrong"),
        pytest.param(on_items(three_seconds_later), EVENTS | {"screen_changes.recall"}, id="times are 3 s late"),
        pytest.param(on_items(misheard), {"speech.wer"}, id="a name is misheard"),
        pytest.param(
            on_items(lambda item: None if isinstance(item, AudioItem) else item), {"speech.wer"}, id="nothing is heard"
        ),
        pytest.param(
            on_items(lambda item: item if isinstance(item, AudioItem) else None),
            EVENTS | {"screen_changes.recall", "screen_text.cer", "grounding.transcript"},
            id="nothing is seen",
        ),
        pytest.param(
            on_sop(without("comment", before="centre", after="request")),
            {"steps.recall", "steps.f1", "wonderbread.recall", "wonderbread.f1", "loops.bodies"},
            id="a step is missing",
        ),
        pytest.param(
            on_sop(invented),
            {
                "steps.precision",
                "steps.f1",
                "wonderbread.precision",
                "wonderbread.f1",
                "wonderbread.ordering",
                "evidence.share",
            },
            id="a step is invented",
        ),
        pytest.param(
            on_sop(labels_exchanged("search", "comment")),
            {"steps.order", "wonderbread.ordering", "evidence.right"},
            id="two steps are exchanged",
        ),
        pytest.param(
            on_sop(context_of("manager", 'Such as "Petra Klein"')),
            {"steps.values", "grounding.gold", "grounding.transcript"},
            id="a value of a step is wrong",
        ),
        pytest.param(
            on_sop(context_of("comment", "In a few words")), {"steps.values"}, id="a value of a step is missing"
        ),
        pytest.param(
            on_sop(answers_exchanged),
            {"decisions.right"},
            id="the answers of a decision are exchanged",
        ),
        pytest.param(
            on_sop(short_body), {"loops.bodies", "steps.order", "wonderbread.ordering"}, id="a loop ends too early"
        ),
        pytest.param(evidence_elsewhere, {"evidence.right"}, id="evidence is from another time"),
        pytest.param(evidence_of_half, {"evidence.share", "evidence.right"}, id="half of the steps have no evidence"),
        pytest.param(with_gap, {"gaps.share"}, id="a gap"),
    ],
)
def test_each_kind_of_damage_lowers_exactly_its_scores(damage: Damage, worse: set[str]) -> None:
    gold = gold_named(NAME)
    result = perfect(gold)
    before, after = scores_of(gold, result), scores_of(gold, damage(result))
    assert {name for name in before if before[name] != after[name]} - COST == worse
    for name in worse:
        here, there = after[name], before[name]
        assert here is not None
        assert there is not None
        assert here < there if BY_NAME[name].higher_is_better else here > there, name


def test_scores_of_damage_are_the_formulas() -> None:
    gold = gold_named(NAME)
    result = perfect(gold)
    missing = scores_of(gold, on_sop(without("comment", before="centre", after="request"))(result))
    assert missing["steps.recall"] == pytest.approx(12 / 13)
    assert missing["steps.f1"] == pytest.approx(24 / 25)
    assert missing["loops.bodies"] == pytest.approx(11 / 12)
    shifted = scores_of(gold, on_items(three_seconds_later)(result))
    # Of the 14 actions three are near: typing the two longest texts took 3.2 and 1.2 s, and the click that opens a list
    # counts as the choice in it.
    assert shifted["events.recall"] == pytest.approx(3 / 14)
    assert scores_of(gold, with_gap(result))["gaps.share"] == pytest.approx(0.1, abs=1e-3)
    exchanged = scores_of(gold, on_sop(labels_exchanged("search", "comment"))(result))
    assert exchanged["steps.order"] == pytest.approx(11 / 13)


def test_costs_are_by_minute_and_by_matched_step() -> None:
    gold = gold_named("urlaubsantrag")
    values = scores_of(gold, perfect(gold))
    assert values["cost.usd_per_minute"] == pytest.approx(0.06)
    assert values["cost.usd_per_matched_step"] == pytest.approx(0.042 / 4)
    assert values["cost.tokens_per_minute"] == pytest.approx(20_000)


@pytest.mark.parametrize(
    "usage",
    [
        Usage(total_tokens=700),
        Usage(total_tokens=700, cost_usd="0.5", unpriced_calls=1),
        Usage(total_tokens=700, cost_usd="?"),
    ],
    ids=["no price", "a call without a price", "no amount"],
)
def test_dollars_that_are_not_known_have_no_figure(usage: Usage) -> None:
    gold = gold_named("urlaubsantrag")
    values = scores_of(gold, replace(perfect(gold), usage=usage))
    assert values["cost.usd_per_minute"] is None
    assert values["cost.usd_per_matched_step"] is None
    assert values["cost.tokens_per_minute"] == pytest.approx(1000)


def test_a_number_that_is_heard_in_digits_is_the_same() -> None:
    gold = gold_named(NAME)

    def in_digits(item: TranscriptItem) -> TranscriptItem:
        if not isinstance(item, AudioItem):
            return item
        text = item.verbatim_transcript_segment.replace("three thousand four hundred and eighty", "3,480")
        return item.model_copy(update={"verbatim_transcript_segment": text.replace("one thousand", "1000")})

    assert scores_of(gold, on_items(in_digits)(perfect(gold)))["speech.wer"] == 0.0


@pytest.mark.parametrize("result", [Result(), Result(failure="The model refused it.")], ids=["empty", "failed"])
def test_no_result_has_the_worst_score(result: Result) -> None:
    gold = gold_named(NAME)
    values = scores_of(gold, result)
    for name in (
        *EVENTS,
        *STEPS,
        "steps.order",
        "wonderbread.f1",
        "wonderbread.ordering",
        "decisions.right",
        "loops.bodies",
    ):
        assert values[name] == 0.0, name
    assert values["speech.wer"] == values["screen_text.cer"] == 1.0
    assert values["gaps.share"] == (1.0 if result.failure else None)


def alike(count: int) -> Sop:
    names = [f"n{number}" for number in range(count)]
    raw = gold_named("urlaubsantrag").sop.dump()
    raw["public"]["nodes"] = [
        *({"id": name, "type": "task", "label": "Click next"} for name in names),
        {"id": "end", "type": "end", "label": "End"},
    ]
    raw["public"]["edges"] = [
        {"source": one, "target": other, "condition": "next"}
        for one, other in zip(names, [*names[1:], "end"], strict=True)
    ]
    return Sop.model_validate(raw)


@pytest.mark.parametrize(("true", "made"), [(1, 1), (1, 6), (6, 1), (6, 6), (4, 6)])
def test_steps_that_are_all_alike_are_counted(true: int, made: int) -> None:
    gold = replace(gold_named("urlaubsantrag"), sop=alike(true))
    values = scores_of(gold, replace(perfect(gold), sop=alike(made), evidence=None))
    assert values["steps.precision"] == min(true, made) / made
    assert values["steps.recall"] == min(true, made) / true
    assert values["steps.order"] == 1.0
    # Several lines may lead to one there, so that repetitions are all found.
    assert values["wonderbread.precision"] == values["wonderbread.recall"] == 1.0


@settings(max_examples=30)
@given(sound_sops())
def test_a_sop_has_the_best_score_against_itself(raw: Any) -> None:
    gold = replace(gold_named("urlaubsantrag"), sop=raw if isinstance(raw, Sop) else Sop.model_validate(raw))
    values = scores_of(gold, Result(sop=gold.sop))
    for name in (*STEPS, "wonderbread.precision", "wonderbread.recall"):
        assert values[name] == 1.0, name
    assert values["grounding.gold"] in {1.0, None}


@given(st.lists(st.integers(0, 20), unique=True, max_size=10))
def test_order_is_1_where_sorted_and_falls_with_each_step_out_of_place(places: list[int]) -> None:
    assert order(sorted(places)) == (1.0 if places else 0.0)
    assert longest_increasing(sorted(places, reverse=True)) == min(len(places), 1)
    for at in range(len(places)):
        rest = places[:at] + places[at + 1 :]
        assert longest_increasing(places) - 1 <= longest_increasing(rest) <= longest_increasing(places)


@given(st.integers(0, 9), st.integers(0, 9), st.data())
def test_rates_lie_between_0_and_1_and_rise_with_each_match(gold: int, made: int, data: st.DataObject) -> None:
    matched = data.draw(st.integers(0, min(gold, made)))
    found = rates(matched=matched, gold=gold, made=made)
    assert 0 <= min(found.precision, found.recall) <= found.f1 <= max(found.precision, found.recall) <= 1
    if matched:
        fewer = rates(matched=matched - 1, gold=gold, made=made)
        assert fewer.f1 < found.f1


def test_the_formulas_of_wonderbread() -> None:
    # Four lines: the second true one, the first, nothing, the first again.
    similar = {(1, 0): 0.9, (0, 1): 0.8, (0, 3): 0.7, (1, 3): 0.7}
    found = wonderbread(similar, gold=3, made=4)
    assert found.precision == 3 / 4
    assert found.recall == 2 / 3
    # The first line sets the place, so the two that lead back do not count.
    assert found.ordering == 1 / 4
    assert wonderbread({}, gold=0, made=0).f1 == 1.0
    assert wonderbread({}, gold=2, made=0).precision == wonderbread({}, gold=0, made=2).recall == 0.0


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_published_figures_stand_beside_metrics_of_their_own_formulas_only(metric: Any) -> None:
    assert not metric.published or metric.group == "wonderbread"
