"""The readable form of a SOP."""

from collections import Counter
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from runops.sop import Sop
from runops.sop_graph import graph_faults
from runops.sop_outline import GoTo, Step, outline
from runops.sop_text import sop_text

GOLDEN = Path(__file__).parent / "golden"


def node(name: str, kind: str = "task", label: str | None = None, **more: Any) -> dict[str, Any]:
    return {"id": name, "type": kind, "label": label or f"<{name}>", **more}


def loop(name: str, children: list[str], label: str | None = None) -> dict[str, Any]:
    return node(
        name, "loop", label, iterator="one of many", children=children, exit_condition="none left", isBranchRoot=True
    )


def edge(source: str, target: str, condition: str = "next") -> dict[str, str]:
    return {"source": source, "target": target, "condition": condition}


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
    assert "  5. <after>" in text


def test_control_characters_are_left_out() -> None:
    text = sop_text(sop([node("a", label="one\x1b[2J two\u202e\nthree"), node("end", "end")], [edge("a", "end")]))
    assert "one[2J two three" in text


def test_no_line_is_wider_than_requested() -> None:
    long = sop([node("a", label="word " * 60), node("end", "end")], [edge("a", "end")])
    assert max(map(len, sop_text(long, width=60).splitlines())) <= 60


@st.composite
def graphs(draw: st.DrawFn) -> Sop:
    """Any graph: mostly unsound ones, with cycles, crossing branches and nested loops."""
    names = [f"n{number}" for number in range(draw(st.integers(1, 12)))]
    kinds = {name: draw(st.sampled_from(["task", "decision", "loop", "trigger", "end"])) for name in names}
    nodes = [
        loop(name, draw(st.lists(st.sampled_from(names), min_size=1, max_size=4)))
        if kinds[name] == "loop"
        else node(name, kinds[name])
        for name in names
    ]
    conditions = st.sampled_from(["next", "yes", "no", "all_processed"])
    ends = st.sampled_from(names)
    edges = draw(st.lists(st.builds(edge, ends, ends, conditions), max_size=24))
    return sop(nodes, edges)


@st.composite
def sound_graphs(draw: st.DrawFn) -> Sop:
    """A graph that keeps all rules: a chain of tasks, decisions and loops, some of them nested, some going back."""
    nodes: list[dict[str, Any]] = [node("start", "trigger")]
    edges: list[dict[str, str]] = []

    def new(kind: str = "task") -> str:
        name = f"n{len(nodes)}"
        nodes.append(node(name, kind))
        return name

    def chain(entry: list[tuple[str, str]], depth: int) -> list[tuple[str, str]]:
        """Hang a few blocks on loose ends; return the loose ends after them."""
        for _ in range(draw(st.integers(1, 3))):
            shape = draw(st.sampled_from(["task", "decision", "back", "loop"] if depth < 3 else ["task"]))
            if shape == "loop":
                name = f"n{len(nodes)}"
                nodes.append(loop(name, ["-"]))
                place = len(nodes) - 1
                edges.extend(edge(source, name, word) for source, word in entry)
                loose = chain([(name, "next")], depth + 1)
                last = new()
                edges.extend([*(edge(source, last, word) for source, word in loose), edge(last, name)])
                nodes[place]["children"] = [one["id"] for one in nodes[place + 1 :]]
                entry = [(name, "all_processed")]
                continue
            name = new("task" if shape == "task" else "decision")
            edges.extend(edge(source, name, word) for source, word in entry)
            if shape == "task":
                entry = [(name, "next")]
            elif shape == "back":
                edges.append(
                    edge(name, draw(st.sampled_from([one["id"] for one in nodes if one["type"] != "loop"])), "no")
                )
                entry = [(name, "yes")]
            else:
                entry = [*chain([(name, "yes")], depth + 1), (name, "no")]
        return entry

    loose = chain([("start", "next")], 0)
    nodes.append(node("end", "end"))
    edges.extend(edge(source, "end", word) for source, word in loose)
    return sop(nodes, edges)


def numbers_of(steps: list[Step | GoTo]) -> list[int]:
    found: list[int] = []
    for step in steps:
        if isinstance(step, Step):
            found.append(step.number)
            for branch in step.branches:
                found += numbers_of(branch.steps)
    return found


@given(graphs())
def test_every_node_is_written_exactly_once_whatever_the_graph(graph: Sop) -> None:
    assert_each_once(graph)


@given(sound_graphs())
def test_every_node_of_a_sound_graph_is_written_exactly_once_and_the_end_comes_last(graph: Sop) -> None:
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
