"""The readable form of a SOP."""

from collections import Counter
from pathlib import Path
from typing import Any

from hypothesis import given

from runops.sop import Sop
from runops.sop_graph import graph_faults
from runops.sop_outline import GoTo, Step, in_outline_order, outline
from runops.sop_text import sop_text
from tests.sop_graphs import any_sops, as_sop, edge, loop, node, sound_sops

GOLDEN = Path(__file__).parent / "golden"


def sop(nodes: list[dict[str, Any]], edges: list[dict[str, str]], **more: Any) -> Sop:
    meta = {
        "id": "6f1d3a52-2f5c-4b0e-9a51-0a6b8f6f0c11",
        "title": "Book supplier invoices",
        "version": "1.0.0",
        "goal": "Every invoice is booked.",
        "purpose": "Suppliers are paid on time.",
        "owner": ["Accounting", "Ada"],
    }
    public = {"triggers": [], "nodes": nodes, "edges": edges, **more.pop("public", {})}
    return Sop.model_validate({"meta": meta, "public": public, **more})


INVOICES = sop(
    [
        node("start", "trigger", "It is Monday"),
        node("open", label="Open the inbox", intent="to see what came in", context="Folder Invoices, unread only"),
        loop("each", ["read", "large", "ask", "granted", "aside", "book"], "Work through the inbox"),
        node("read", label="Read the amount"),
        node("large", "decision", "Is it above 1,000?"),
        node("ask", label="Ask the manager"),
        node("granted", "decision", "Did the manager agree?"),
        node("aside", label="Put it aside"),
        node("book", label="Book the invoice"),
        node("sum", "decision", "Does the sum match?"),
        node("mend", label="Correct the wrong invoice"),
        node("end", "end", "All is booked"),
    ],
    [
        edge("start", "open"),
        edge("open", "each"),
        edge("each", "read"),
        edge("read", "large"),
        edge("large", "ask", "yes"),
        edge("large", "book", "no"),
        edge("ask", "granted"),
        edge("granted", "book", "yes"),
        edge("granted", "aside", "no"),
        edge("aside", "each"),
        edge("book", "each"),
        edge("each", "sum", "all_processed"),
        edge("sum", "end", "yes"),
        edge("sum", "mend", "no"),
        edge("mend", "open"),
    ],
    public={
        "triggers": [
            {"type": "cron", "description": "Each Monday morning", "config": "0 8 * * 1"},
            {"type": "manual", "description": "When the supplier calls"},
        ],
        "variables": {"limit": 1000},
        "clarification_requests": [
            {"id": "q1", "question": "In which currency is the limit?", "importance": "low"},
            {"id": "q2", "question": "Who stands in for the manager?", "importance": "high"},
        ],
    },
    private={
        "skills": [
            {"id": "s1", "app": "Outlook", "method_type": "ui"},
            {"id": "s2", "app": "SAP", "method_type": "api"},
        ],
        "steps": [
            {"node_id": "open", "primary_skill": "s1"},
            {"node_id": "book", "primary_skill": "s2"},
            {"node_id": "mend", "primary_skill": "s2", "alt_skills": ["s1"]},
        ],
        "artifacts": [],
    },
)


def test_a_sop_with_a_decision_and_a_loop_matches_the_golden_file() -> None:
    assert graph_faults(INVOICES) == []
    assert sop_text(INVOICES, width=64) == (GOLDEN / "invoices.txt").read_text("utf-8")


def test_common_steps_of_both_answers_come_once_after_the_decision() -> None:
    steps = outline(
        sop(
            [node("q", "decision"), node("a"), node("b"), node("both"), node("end", "end")],
            [edge("q", "a", "yes"), edge("q", "b", "no"), edge("a", "both"), edge("b", "both"), edge("both", "end")],
        )
    )
    assert [step.node.id for step in steps if isinstance(step, Step)] == ["q", "both", "end"]


def test_an_answer_that_goes_back_does_not_indent_the_rest() -> None:
    steps = outline(
        sop(
            [node("try"), node("q", "decision"), node("mend"), node("rest"), node("end", "end")],
            [
                edge("try", "q"),
                edge("q", "rest", "yes"),
                edge("q", "mend", "no"),
                edge("mend", "try"),
                edge("rest", "end"),
            ],
        )
    )
    assert [step.node.id for step in steps if isinstance(step, Step)] == ["try", "q", "rest", "end"]


def test_a_way_out_of_the_middle_of_a_loop_is_an_arrow() -> None:
    text = sop_text(
        sop(
            [
                loop("l", ["c", "q", "d"]),
                node("c"),
                node("q", "decision"),
                node("d"),
                node("after"),
                node("end", "end"),
            ],
            [
                edge("l", "c"),
                edge("c", "q"),
                edge("q", "after", "yes"),
                edge("q", "d", "no"),
                edge("d", "l"),
                edge("l", "after", "all_processed"),
                edge("after", "end"),
            ],
        )
    )
    assert "yes: -> go on with step 5" in text
    assert "  5. [after]" in text


def test_control_characters_are_left_out() -> None:
    text = sop_text(sop([node("a", label="one\x1b[2J two\u202e\nthree"), node("end", "end")], [edge("a", "end")]))
    assert "one[2J two three" in text


def test_no_line_is_wider_than_requested() -> None:
    long = sop([node("a", label="word " * 60), node("end", "end")], [edge("a", "end")])
    assert max(map(len, sop_text(long, width=60).splitlines())) <= 60


def numbers_of(steps: list[Step | GoTo]) -> list[int]:
    found: list[int] = []
    for step in steps:
        if isinstance(step, Step):
            found.append(step.number)
            for branch in step.branches:
                found += numbers_of(branch.steps)
    return found


@given(any_sops())
def test_every_node_is_written_exactly_once_whatever_the_graph(raw: dict[str, Any]) -> None:
    for name in raw["public"]["nodes"]:
        if name["type"] == "loop" and not name["children"]:
            name["children"] = [name["id"]]
    assert_each_once(as_sop(raw))


@given(sound_sops())
def test_every_node_of_a_sound_graph_is_written_exactly_once_and_the_end_comes_last(raw: dict[str, Any]) -> None:
    graph = as_sop(raw)
    assert graph_faults(graph) == []
    assert_each_once(graph)
    *_, last = (step for step in outline(graph) if isinstance(step, Step))
    assert last.node.type == "end"


def assert_each_once(graph: Sop) -> None:
    text = sop_text(graph)
    assert Counter({item.label: text.count(item.label) for item in graph.public.nodes}) == Counter(
        item.label for item in graph.public.nodes
    )
    assert numbers_of(outline(graph)) == list(range(1, len(graph.public.nodes) + 1))


@given(sound_sops())
def test_nodes_in_outline_order_are_numbered_one_by_one_and_stay_in_place(raw: dict[str, Any]) -> None:
    shuffled = as_sop({**raw, "public": {**raw["public"], "nodes": raw["public"]["nodes"][::-1]}})
    ordered = in_outline_order(shuffled)
    assert [step.number for step in flat(outline(ordered))] == list(range(1, len(ordered.public.nodes) + 1))
    assert [step.node for step in flat(outline(ordered))] == ordered.public.nodes
    assert in_outline_order(ordered) == ordered
    assert ordered.public.edges == shuffled.public.edges


def flat(steps: list[Step | GoTo]) -> list[Step]:
    found: list[Step] = []
    for step in steps:
        if isinstance(step, Step):
            found += [step, *(inner for branch in step.branches for inner in flat(branch.steps))]
    return found
