"""The formula of each score, on results that are small enough to count by hand."""

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein

from runops.quality import Gap, Quality, TranscriptQuality
from runops.report import Usage
from runops.sop import Sop
from runops.transcript import AudioItem, DataInput, TargetElement, TranscriptItem, VisualItem, timestamp
from runops_evaluation.gold.events import Event, Events, ScreenText, Speech
from runops_evaluation.matching.steps import MOST_STEPS, Step, match_steps, similarities, steps_of
from runops_evaluation.results.result import Result
from runops_evaluation.scores.cost import Costs, costs
from runops_evaluation.scores.decisions import decision_score
from runops_evaluation.scores.evidence import evidence_right, evidence_share
from runops_evaluation.scores.gaps import gap_share
from runops_evaluation.scores.grounding import grounding, transcript_texts
from runops_evaluation.scores.loops import loop_score
from runops_evaluation.scores.order import longest_increasing, order
from runops_evaluation.scores.rates import Rates, rates
from runops_evaluation.scores.score_recording import score_recording
from runops_evaluation.scores.screen_text import character_error_rate, least_errors, texts_to_read
from runops_evaluation.scores.speech import word_error_rate
from runops_evaluation.scores.values import step_values
from runops_evaluation.scores.wonderbread import Wonderbread, wonderbread
from runops_evaluation.statistics.compare import Difference, compare, least_p
from tests.evaluation.gold_set import gold_named
from tests.sop_graphs import as_sop, edge, loop, node, raw_sop


def steps(*nodes: dict[str, Any], edges: list[dict[str, str]] | None = None) -> list[Step]:
    ways = [edge(one["id"], other["id"]) for one, other in itertools.pairwise(nodes)]
    return steps_of(as_sop(raw_sop(list(nodes), ways if edges is None else edges)), "en")


def tasks(*labels: str) -> list[Step]:
    return steps(*(node(f"n{number}", label=label) for number, label in enumerate(labels)))


def visual(at: float = 0.0, *, application: str = "", before: str = "", after: str = "", **fields: Any) -> VisualItem:
    return VisualItem(
        timestamp_start_visual=timestamp(at),
        application_in_focus=application,
        action_type_observed="CLICK",
        screen_region_description_pre_action=before,
        screen_region_description_post_action=after,
        **fields,
    )


def audio(text: str) -> AudioItem:
    return AudioItem(timestamp_start_audio="00:00:01", timestamp_end_audio="00:00:02", verbatim_transcript_segment=text)


def gold_events(*events: Event, speech: tuple[Speech, ...] = (), screen: tuple[ScreenText, ...] = ()) -> Events:
    return Events(format=1, events=events, speech=speech, screen=screen)


# Rates, order and WONDERBREAD


@pytest.mark.parametrize(
    ("matched", "gold", "made", "found"),
    [
        (0, 0, 0, Rates(1.0, 1.0, 1.0)),
        (0, 3, 0, Rates(0.0, 0.0, 0.0)),
        (0, 0, 3, Rates(0.0, 0.0, 0.0)),
        (2, 4, 2, Rates(1.0, 0.5, 2 / 3)),
        (2, 2, 4, Rates(0.5, 1.0, 2 / 3)),
        (3, 3, 3, Rates(1.0, 1.0, 1.0)),
    ],
)
def test_rates(matched: int, gold: int, made: int, found: Rates) -> None:
    assert rates(matched=matched, gold=gold, made=made) == found


@pytest.mark.parametrize(("matched", "gold", "made"), [(3, 2, 4), (3, 4, 2), (-1, 1, 1)])
def test_more_pairs_than_there_can_be_are_an_error(matched: int, gold: int, made: int) -> None:
    with pytest.raises(AssertionError):
        rates(matched=matched, gold=gold, made=made)


@pytest.mark.parametrize(
    ("places", "longest"), [([], 0), ([5], 1), ([1, 1], 1), ([2, 0, 1], 2), ([0, 4, 1, 2, 3], 4), ([3, 2, 1, 0], 1)]
)
def test_order_is_the_share_of_steps_that_stand_in_order(places: list[int], longest: int) -> None:
    assert longest_increasing(places) == longest
    assert order(places) == (longest / len(places) if places else 0.0)


@pytest.mark.parametrize(
    ("similar", "gold", "made", "found"),
    [
        ({}, 0, 0, Wonderbread(1.0, 1.0, 1.0, 1.0)),
        ({}, 0, 2, Wonderbread(0.0, 0.0, 0.0, 0.0)),
        ({}, 2, 0, Wonderbread(0.0, 0.0, 0.0, 0.0)),
        ({}, 2, 2, Wonderbread(0.0, 0.0, 0.0, 0.0)),
        # Two lines lead to the same one, so one true line is not found.
        ({(0, 0): 0.6, (0, 1): 0.6}, 2, 2, Wonderbread(1.0, 0.5, 2 / 3, 1.0)),
        # The first line of several that are equally similar is meant; it is no step back.
        ({(0, 0): 0.6, (1, 0): 0.6, (0, 1): 0.9, (1, 1): 0.7}, 2, 2, Wonderbread(1.0, 1.0, 1.0, 1.0)),
        # The most similar one is meant, wherever it stands.
        ({(0, 0): 0.6, (1, 0): 0.7, (0, 1): 0.9}, 2, 4, Wonderbread(0.5, 1.0, 2 / 3, 0.25)),
    ],
)
def test_the_figures_of_wonderbread(
    similar: dict[tuple[int, int], float], gold: int, made: int, found: Wonderbread
) -> None:
    assert wonderbread(similar, gold=gold, made=made) == found


# Costs and gaps


def test_costs_by_minute_and_by_step() -> None:
    usage = Usage(cost_usd="0.30", total_tokens=600)
    assert costs(usage, duration=120, matched=3) == Costs(0.15, 0.3 / 3, 300)
    assert costs(usage, duration=120, matched=0) == Costs(0.15, None, 300)
    assert costs(None, duration=120, matched=3) == Costs(None, None, None)
    free = Usage(cost_usd="0", total_tokens=600)
    assert costs(free, duration=60, matched=2) == Costs(0.0, 0.0, 600)


def test_the_share_of_a_recording_that_lies_in_gaps() -> None:
    def quality(*gaps: tuple[float, float]) -> Quality:
        return Quality(
            transcript=TranscriptQuality(gaps=tuple(Gap(start=one, end=end, reason="refused") for one, end in gaps))
        )

    assert gap_share(None, duration=100) is None
    assert gap_share(Quality(), duration=100) is None
    assert gap_share(quality(), duration=100) == 0.0
    assert gap_share(quality((0, 10), (50, 65)), duration=100) == 0.25
    assert gap_share(quality((0, 80), (10, 90)), duration=100) == 1.0


# Words and letters


@pytest.mark.parametrize(
    ("said", "heard", "rate"),
    [
        ("", "", None),
        ("", "something", 1.0),
        ("one of four words", "one of four words", 0.0),
        ("We send the mail.", "we SEND the mail", 0.0),
        ("we send the mail", "we send the", 0.25),
        ("we send the mail", "we send the red mail", 0.25),
        ("we send", "nobody ever said so here", 2.5),
        ("it is three thousand euros", "it is 3,000 euros", 0.0),
    ],
)
def test_the_word_error_rate(said: str, heard: str, rate: float | None) -> None:
    spoken = [Speech(start=0, end=1, text=said)] if said else []
    items: list[TranscriptItem] = [visual(after="not heard"), *([audio(heard)] if heard else [])]
    assert word_error_rate(spoken, items, language="en") == rate


def test_a_number_may_be_said_in_two_pieces() -> None:
    spoken = [Speech(start=0, end=1, text="three thousand"), Speech(start=1, end=2, text="four hundred euros")]
    assert word_error_rate(spoken, [audio("3400"), audio("euros")], language="en") == 0.0


def test_the_texts_to_read_are_those_of_targets_values_and_the_screen_each_once() -> None:
    gold = gold_events(
        Event(at=1, kind="CLICK", application="not read", target="Send"),
        Event(at=2, kind="TYPE", application="x", target="SEND", value="Jonas"),
        screen=(ScreenText(at=3, text="Sent"), ScreenText(at=3, text="jonas")),
    )
    assert texts_to_read(gold) == ["send", "jonas", "sent"]


TARGET = TargetElement(element_type_guess="button", element_visible_text="abcdefghij")


@pytest.mark.parametrize(
    ("seen", "rate"),
    [
        (visual(), 1.0),
        (visual(application="abcdefghij"), 0.0),
        (visual(before="abcdefghij"), 0.0),
        (visual(after="abcdefghij"), 0.0),
        (visual(target_element_details=TARGET), 0.0),
        (visual(data_input_observed=DataInput(typed_characters="abcdefghij")), 0.0),
        (visual(data_input_observed=DataInput(pasted_text_observed="abcdefghij")), 0.0),
        (visual(data_input_observed=DataInput(selected_value_observed="abcdefghij")), 0.0),
        (visual(after="The button ABCDEFGHIJ is pressed"), 0.0),
        (visual(after="abcde"), 0.5),
        (visual(after="abcdefghxx"), 0.2),
        (visual(before="abcdexxxxx", after="abcdefghix"), 0.1),
        (visual(before="abcdefghix", after="abcdexxxxx"), 0.1),
        (visual(after="the button abcdxfghij is pressed"), 0.1),
        (visual(after="the button abcdefghix is pressed"), 0.1),
        (visual(after="the button xbcdefghij is pressed"), 0.1),
        (visual(after="xbcdefghix is pressed"), 0.2),
        (visual(after="the button abcdezzfghij is pressed"), 0.2),
        (visual(after="the button abcdexghij is pressed"), 0.1),
        (visual(after="zzzzzzzzzzzzzzzzzzzzzzzz"), 1.0),
        # A text is not read from the end of one item's and the beginning of another's.
        (visual(before="abcde", after="fghij"), 0.5),
        (audio("abcdefghij"), 1.0),
    ],
)
def test_the_character_error_rate(seen: TranscriptItem, rate: float) -> None:
    gold = gold_events(Event(at=1, kind="CLICK", application="x", target="abcdefghij"))
    assert character_error_rate(gold, [seen]) == rate


@given(st.text("abc", min_size=1, max_size=8), st.lists(st.text("abc", max_size=12), max_size=2))
def test_the_nearest_part_is_found_as_by_trying_all_parts(text: str, there: list[str]) -> None:
    parts = [other[first:last] for other in there for last in range(len(other) + 1) for first in range(last)]
    assert least_errors(text, there) == min(Levenshtein.distance(text, part) for part in ["", *parts])


def test_letters_count_over_all_texts_and_without_texts_there_is_no_rate() -> None:
    gold = gold_events(
        Event(at=1, kind="CLICK", application="x", target="abcdefgh"), screen=(ScreenText(at=2, text="xy"),)
    )
    assert character_error_rate(gold, [visual(after="abcdefgh")]) == 0.2
    assert character_error_rate(gold_events(), [visual(after="abcdefgh")]) is None


# Steps


def test_steps_are_what_a_person_does_in_reading_order() -> None:
    found = steps(
        node("s", "trigger"), node("b", label="Open it"), node("d", "decision", "Paid?"), node("e", "end", "End")
    )
    assert [step.node.id for step in found] == ["b", "d"]
    assert steps_of(None, "en") == []
    assert len(tasks(*(f"Step {number}" for number in range(MOST_STEPS + 1)))) == MOST_STEPS


def test_a_step_says_its_label_and_everything_beside_it_as_sentences() -> None:
    (step,) = steps(node("n", label=" Pay three thousand ") | {"context": "Now!", "intent": " "})
    assert step.text == "Pay three thousand. Now!"
    assert (step.compared_label, step.compared) == (" Pay 3000 ", "Pay 3000. Now!")


def test_the_same_step_may_say_in_its_label_what_another_says_beside_it() -> None:
    short = steps(node("n", label="Approve") | {"context": "The invoice of the supplier Helios"})
    long = tasks("Approve the invoice of the supplier Helios")
    assert match_steps(short, long) == match_steps(long, short) == [(0, 0)]
    assert similarities(tasks("Approve the invoice"), tasks("Pour a cup of tea")) == {}


def test_a_loop_is_the_same_as_a_loop_only() -> None:
    each = [loop("l", ["c"]) | {"label": "Check the order"}, node("c", label="Check the order")]
    ways = [edge("l", "c"), edge("c", "l")]
    assert set(similarities(steps(*each, edges=ways), steps(*each, edges=ways))) == {(0, 0), (1, 1)}


# Decisions


def decision(
    yes: str | None = "a", no: str | None = "e", *, label: str = "Is the order paid?", prefix: str = ""
) -> Sop:
    ways = [edge(f"{prefix}d", f"{prefix}{at}", answer) for answer, at in (("yes", yes), ("no", no)) if at is not None]
    nodes = [
        node(f"{prefix}d", "decision", label),
        node(f"{prefix}a", label="File the order"),
        node(f"{prefix}b", label="Write a mail"),
        node(f"{prefix}e", "end"),
    ]
    return as_sop(raw_sop(nodes, ways))


def decided(made: Sop | None, gold: Sop | None = None, same: dict[str, str] | None = None) -> float | None:
    gold = decision() if gold is None else gold
    made_steps = steps_of(made, "en")
    ids = {"xd": "d", "xa": "a", "xb": "b"} if same is None else same
    return decision_score(gold, made, gold_steps=steps_of(gold, "en"), made_steps=made_steps, same=ids)


def test_a_decision_is_right_where_both_answers_lead_right() -> None:
    assert decided(decision(prefix="x")) == 1.0
    assert decided(decision("b", "e", prefix="x")) == 0.0
    assert decided(decision("a", "b", prefix="x")) == 0.0
    assert decided(decision("e", "a", prefix="x")) == 0.0
    assert decided(decision("e", "e", prefix="x")) == 0.0


def test_an_answer_that_leads_nowhere_is_wrong_on_both_sides() -> None:
    assert decided(decision("a", None, prefix="x")) == 0.0
    assert decided(decision("a", "e", prefix="x"), decision(None, "e")) == 0.0
    assert decided(decision(None, None, prefix="x"), decision(None, None)) == 0.0


def test_a_step_whose_id_is_end_is_no_end() -> None:
    ways = [edge("d", "end", "yes"), edge("d", "stop", "no")]
    nodes = [node("d", "decision", "Is the order paid?"), node("end", label="File the order"), node("stop", "end")]
    gold = as_sop(raw_sop(nodes, ways))
    assert decided(decision("e", "e", prefix="x"), gold, same={"xd": "d", "xa": "end"}) == 0.0
    assert decided(decision("a", "e", prefix="x"), gold, same={"xd": "d", "xa": "end"}) == 1.0


def test_a_way_to_a_step_that_is_in_the_made_sop_only_is_wrong() -> None:
    assert decided(decision(prefix="x"), same={}) == 0.0


def test_decisions_count_on_both_sides() -> None:
    plain = as_sop(raw_sop([node("t", label="Open it")], []))
    assert decided(None) == 0.0
    assert decided(plain) == 0.0
    assert decided(decision(prefix="x"), plain) == 0.0
    assert decided(plain, plain) is None
    assert decided(decision(prefix="x", label="Where is the coffee?")) == 0.0
    more = decision(prefix="x").dump()
    more["public"]["nodes"].append(node("more", "decision", "Where is the coffee?"))
    assert decided(as_sop(more)) == pytest.approx(2 / 3)


# Loops


def loops(*bodies: list[str]) -> list[Step]:
    nodes = [loop(f"l{number}", body) for number, body in enumerate(bodies)]
    return steps(*nodes, edges=[]) if nodes else []


SAME = {"xa": "a", "xb": "b", "xc": "c"}


@pytest.mark.parametrize(
    ("gold", "made", "score"),
    [
        ([], [], None),
        ([["a"]], [], 0.0),
        ([], [["xa"]], 0.0),
        ([["a", "b"]], [["xa", "xb"]], 1.0),
        ([["a", "b"]], [["xa"]], 0.5),
        ([["a"]], [["xa", "new"]], 0.5),
        ([["a", "b"]], [["xb", "xc"]], 1 / 3),
        ([["a"]], [["xb"]], 0.0),
        ([["a"], ["b"]], [["xb"], ["xa"]], 1.0),
        ([["a"], ["b"]], [["xa"]], 0.5),
        ([["a"]], [["xa"], ["xb"]], 0.5),
    ],
)
def test_loops_repeat_the_same_steps(gold: list[list[str]], made: list[list[str]], score: float | None) -> None:
    assert loop_score(loops(*gold), loops(*made), same=SAME) == (None if score is None else pytest.approx(score))


# Grounding, values and evidence


def test_grounding_is_the_share_of_literals_that_a_text_has() -> None:
    made = tasks('Click "Send request"', "Pay 3,480.50", "Wait")
    assert grounding(made, ["The button Send request", "3480.5 euros"]) == 1.0
    assert grounding(made, ["The button Send request"]) == 0.5
    assert grounding(made, []) == 0.0
    assert grounding(tasks("Wait"), ["x"]) is None


def test_a_transcript_says_everything_that_was_seen_or_heard() -> None:
    seen = visual(
        application="Ledger",
        before="before",
        after="after three thousand",
        target_element_details=TargetElement(element_type_guess="button", element_visible_text="Send"),
        data_input_observed=DataInput(typed_characters="typed", pasted_text_observed="pasted"),
    )
    first, second = transcript_texts([seen, audio("heard"), audio("heard")], "en")
    for text in ("Ledger", "before", "after 3000", "button", "Send", "typed", "pasted"):
        assert text in first
    assert second == "heard"
    (bare,) = transcript_texts([visual(application="Ledger")], "en")
    assert bare.split() == ["Ledger"]


def test_values_are_looked_for_in_the_matched_step() -> None:
    gold, made = tasks('Enter "Helios" and "INV-2042"', 'Click "Send"'), tasks('Click "Send"', 'Enter "Helios"')
    assert step_values(gold, made, [(0, 1), (1, 0)]) == pytest.approx(2 / 3)
    assert step_values(gold, made, [(1, 0)]) == 1.0
    assert step_values(gold, made, []) is None
    assert step_values(tasks("Wait"), tasks("Wait"), [(0, 0)]) is None


def test_evidence_is_the_share_of_steps_that_have_some() -> None:
    made = tasks("Open it", "Close it")
    assert evidence_share(made, {"n0": ((1.0, 2.0),), "n1": ()}) == 0.5
    assert evidence_share(made, {}) == 0.0
    assert evidence_share(made, None) is None
    assert evidence_share([], {}) is None


EVENTS = gold_events(
    Event(at=10, until=20, kind="CLICK", application="x", step="n0"),
    Event(at=50, kind="CLICK", application="x"),
    speech=(Speech(start=100, end=110, text="x", step="n0"), Speech(start=120, end=130, text="x")),
)


@pytest.mark.parametrize(
    ("interval", "right"),
    [
        ((0.0, 8.0), True),
        ((0.0, 7.9), False),
        ((12.0, 13.0), True),
        ((22.0, 30.0), True),
        ((22.1, 30.0), False),
        ((0.0, 300.0), True),
        ((105.0, 106.0), True),
        ((112.1, 119.0), False),
        ((50.0, 50.0), False),
        ((120.0, 130.0), False),
    ],
)
def test_evidence_is_right_where_it_meets_the_time_of_the_step(interval: tuple[float, float], right: bool) -> None:
    gold = tasks("Open it", "Close it")
    evidence = {"n0": ((0.0, 0.0), interval), "n1": (interval,)}
    # Nothing tells when the second step was done, so it is not judged.
    assert evidence_right(gold, gold, [(0, 0), (1, 1)], events=EVENTS, evidence=evidence) == float(right)


def test_an_event_without_an_end_is_a_moment() -> None:
    gold = tasks("Open it")
    events = gold_events(Event(at=10, kind="CLICK", application="x", step="n0"))

    def right(start: float, end: float) -> float | None:
        return evidence_right(gold, gold, [(0, 0)], events=events, evidence={"n0": ((start, end),)})

    assert (right(12.0, 13.0), right(12.1, 13.0), right(1.0, 8.0), right(1.0, 7.9)) == (1.0, 0.0, 1.0, 0.0)


def test_evidence_of_other_steps_and_none_at_all() -> None:
    gold, made = tasks("Open it"), steps(node("m0", label="Close it"), node("m1", label="Open it"))
    assert evidence_right(gold, made, [(0, 1)], events=EVENTS, evidence={"m1": ((10.0, 11.0),)}) == 1.0
    assert evidence_right(gold, made, [(0, 1)], events=EVENTS, evidence={"m0": ((10.0, 11.0),)}) == 0.0
    assert evidence_right(gold, made, [(0, 1)], events=EVENTS, evidence=None) is None
    assert evidence_right(gold, made, [], events=EVENTS, evidence={}) is None
    assert evidence_right(gold, made, [(0, 1)], events=gold_events(), evidence={}) is None


def test_each_right_decision_counts() -> None:
    def two(prefix: str) -> Sop:
        made = decision(prefix=prefix).dump()
        made["public"]["nodes"].append(node(f"{prefix}f", "decision", "Where is the coffee?"))
        made["public"]["edges"] += [
            edge(f"{prefix}f", f"{prefix}{at}", answer) for answer, at in (("yes", "b"), ("no", "e"))
        ]
        return as_sop(made)

    assert decided(two("x"), two("")) == 1.0


def test_a_gap_of_no_length_is_no_share() -> None:
    gap = Gap(start=5, end=5, reason="refused")
    assert gap_share(Quality(transcript=TranscriptQuality(gaps=(gap,))), duration=100) == 0.0


def test_a_score_tells_why_the_video_failed() -> None:
    gold = gold_named("urlaubsantrag")
    assert score_recording(gold, Result(failure="It was refused.")).failure == "It was refused."


def test_a_sentence_ends_once() -> None:
    (step,) = steps(node("n", label="Press X") | {"context": "Is it X?"})
    assert step.text == "Press X. Is it X?"


def test_how_equal_chances_and_differences_are_counted() -> None:
    def found(pairs: list[tuple[float, float]], *, seed: int = 1) -> Difference:
        runs = [{str(at): {"steps.f1": pair[side]} for at, pair in enumerate(pairs)} for side in (0, 1)]
        return next(one for one in compare(*runs, seed=seed) if one.metric.name == "steps.f1")

    # Both signs are as far from 0.
    assert found([(0.5, 0.6)]).p == 1.0
    assert found([(0.5, 0.6)] * 14).p == least_p(14) == 2 / 2**14
    many = [(0.5, 0.5 + at / 100) for at in range(1, 16)]
    assert found(many).p == found(many).p
    # Of fifteen, as far as the sum of all come only drawn choices of one sign.
    assert found(many).p == pytest.approx(least_p(15), abs=3 / 10_001)
    assert found([(0.5, 0.5)] * 15).p == 1.0
    assert (least_p(0), least_p(1)) == (1.0, 1.0)
    nothing = next(one for one in compare({}, {}) if one.metric.name == "steps.f1")
    assert nothing.count == 0
    only = compare({"a": {"steps.f1": 0.1}, "b": {"steps.f1": 0.1}}, {"a": {"steps.f1": 0.2}})
    assert next(one for one in only if one.metric.name == "steps.f1").count == 1
