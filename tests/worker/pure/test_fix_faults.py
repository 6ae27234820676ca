"""What the fixer makes of each kind of fault that models make."""

import time
from itertools import pairwise
from typing import Any

import pytest

from runops.sop_graph import graph_faults
from runops.sop_outline import in_outline_order
from runops_worker.sop.fix.fix_graph import Fixed, fix_graph
from runops_worker.sop.wording.sentences import ENGLISH
from tests.sop_graphs import as_sop, edge, loop, node, raw_sop


def arrows(text: str) -> list[dict[str, str]]:
    """Return the edges written as `from to [condition]`, separated by commas."""
    return [edge(*arrow.split()) for arrow in text.split(",")]


def nodes(text: str) -> list[dict[str, Any]]:
    """Return the nodes written as `task`, `decision?`, `loop:child+child`, `>trigger` or `.end`; children as tasks."""
    found = []
    for word in text.split():
        name, _, children = word.partition(":")
        bare = name.strip("?>.")
        kind = {"?": "decision", ">": "trigger", ".": "end"}.get(name[-1] if name.endswith("?") else name[0], "task")
        found.append(loop(bare, children.split("+")) if children else node(bare, kind))
    named = {one["id"] for one in found}
    inner = dict.fromkeys(child for one in found for child in one.get("children", []) if child not in named)
    return [*found, *map(node, inner)]


def fixed(graph: str, ways: str, **public: Any) -> Fixed:
    result = fix_graph(raw_sop(nodes(graph), arrows(ways) if ways else [], **public), wording=ENGLISH)
    assert graph_faults(as_sop(result.sop)) == []
    return result


def ways_of(result: Fixed) -> set[str]:
    return {
        f"{arrow['source']} {arrow['target']} {arrow['condition']}".removesuffix(" next")
        for arrow in result.sop["public"]["edges"]
    }


LINE = ">s a .z"
LOOP = ">s l:a .z"


@pytest.mark.parametrize(
    ("graph", "ways", "becomes"),
    [
        pytest.param(LINE, "s a yes,a z true", "s a,a z", id="yes from a task"),
        pytest.param(">s d? a .z", "s d,d a True,d z False,a z", "s d,d a yes,d z no,a z", id="true and false"),
        pytest.param(">s d? a .z", "s d,d a yes,d z next,a z", "s d,d a yes,d z no,a z", id="yes and next"),
        pytest.param(">s d? a .z", "s d,d a approved,d z rejected,a z", "s d,d a yes,d z no,a z", id="other answers"),
        pytest.param(">s a b .z", "s a,a b yes,a z no,b z", "s a,a b yes,a z no,b z", id="a task that is a decision"),
        pytest.param(LOOP, "s l,l a,a l,l z done", "s l,l a,a l,l z all_processed", id="done out of a loop"),
        pytest.param(LOOP, "s l,l a,a l,l z", "s l,l a,a l,l z all_processed", id="next out of a loop"),
        pytest.param(LOOP, "s l,l a yes,a l back,l z all_processed", "s l,l a,a l,l z all_processed", id="in a loop"),
        pytest.param(LOOP, "s l,l z all_processed", "s l,l a,a l,l z all_processed", id="a loop without its edges"),
        pytest.param(
            ">s l:a+b .z", "s l,l z all_processed", "s l,l a,a b,b l,l z all_processed", id="children not connected"
        ),
        pytest.param(LOOP, "s l,l a,a z", "s l,l a,a l,l z all_processed", id="the last child leads out"),
        pytest.param(
            ">s l:a+b .z",
            "s l,l a,a b,b a,l z all_processed",
            "s l,l a,a b,b l,l z all_processed",
            id="the last child leads to the first",
        ),
        pytest.param(
            ">s l:a b .z",
            "s l,l a,a b,b l,l z all_processed",
            "s l,l a,a b,b l,l z all_processed",
            id="a forgotten child",
        ),
        pytest.param(
            ">s l:d+w d? w .z",
            "s l,l d,d w yes,d l no,w l,l z all_processed",
            "s l,l d,d w yes,d next-l no,next-l l,w l,l z all_processed",
            id="no straight back to the loop",
        ),
        pytest.param(
            ">s l:d+w d? w .z",
            "s l,l d,d w yes,d z no,w l,l z all_processed",
            "s l,l d,d w yes,d next-l no,next-l l,w l,l z all_processed",
            id="out of the middle of a loop",
        ),
        pytest.param(
            ">s q l:a+b .z",
            "s q,q b,b l,l a,a b,l z all_processed",
            "s q,q l,l a,a b,b l,l z all_processed",
            id="into the middle of a loop",
        ),
        pytest.param(
            ">s o:x+i x i:y .z",
            "s o,o x,x i,i y,y i,i o all_processed,o z all_processed",
            "s o,o x,x i,i y yes,y i,i next-o no,next-o o,o z all_processed",
            id="a loop in a loop",
        ),
        pytest.param(">s d? .z .y", "s d,d z yes,d y no", "s d,d z yes,d z no", id="two ends"),
        pytest.param(">s a", "s a", "s a,a end", id="no end"),
        pytest.param(">s a u .z", "s a,a z,u z", "s a,a u,u z", id="an unreachable node with a clear place"),
        pytest.param(">s a b .z", "s a,a b,a z,b z", "s a,a b,b z", id="two next, one of them a shortcut"),
        pytest.param(">s a b .z", "", "s a,a b,b z", id="no edges at all"),
        pytest.param(
            ">s openFile .z", "s open_file,open-file z", "s openFile,openFile z", id="names spelled differently"
        ),
        pytest.param(LINE, "s a,a z,z s", "s a,a z", id="an edge from the end"),
        pytest.param(">s >t a .z", "s a,t a,a z", "s a,a z", id="two triggers of one step"),
        pytest.param("a b? .z", "a b,b a yes,b z no", "start a,a b,b a yes,b z no", id="no start"),
        pytest.param(">s a .z", "s a,a ghost", "s a,a z", id="an edge to nowhere"),
    ],
)
def test_one_right_answer_needs_no_question(graph: str, ways: str, becomes: str) -> None:
    result = fixed(graph, ways)
    assert ways_of(result) == set(becomes.split(","))
    assert result.questions == ()
    assert result.fixes


@pytest.mark.parametrize(
    ("graph", "ways", "question", "importance", "becomes"),
    [
        (">s d? a .z", "s d,d a yes,a z", "the answer is no", "medium", "s d,d a yes,d z no,a z"),
        (">s d? a b .z", "s d,d a yes,d b no,a z", "Nothing follows \u2039[a]\u203a", "", None),
        (
            ">s d? x a .z",
            "s d,d x yes,d a no,a z",
            "Nothing follows \u2039[x]\u203a",
            "medium",
            "s d,d x yes,d a no,x z,a z",
        ),
        (">s d? a .z", "s d,a z", "Neither yes nor no", "high", "s d,d a yes,d z no,a z"),
        (">s d? a b .z", "s d,d a yes,d b yes,a z,b z", "has yes twice", "high", "s d,d a yes,d b no,a z,b z"),
        (">s d? a b c .z", "s d,d a yes,d b no,d c next,a z,b z,c z", "more than two answers", "high", None),
        (">s a b c .z", "s a,a b,a c,b z,c z", "In which order", "medium", "s a,a b,b c,c z"),
        (">s a .z u", "s a,a z,u z", "No step leads to \u2039[u]\u203a", "high", "s a,a u,u z"),
        (
            ">s d? a b .z",
            "s d,d a yes,d z no,a b,b a",
            "repeat without an end",
            "high",
            "s d,d a yes,d z no,a b,b repeat-a,repeat-a a yes,repeat-a z no",
        ),
        (">s >t a b .z", "s a,a b,t b,b z", "may also begin", "medium", "s t,t b yes,t a no,a b,b z"),
        (">s l:a q .z", "s q,q l,l a,a l", "Nothing says what follows", "medium", None),
        (
            ">s l:a+d d? after .z",
            "s l,l a,a d,d l yes,d z no,l after all_processed,after z",
            "Which steps are skipped",
            "medium",
            None,
        ),
        (">s l:a m:a .z", "s l,l a,a l,l m all_processed,m z all_processed", "Nothing is repeated", "high", None),
        (">s l:a m:b+a .z", "s l,m b,b m,l m all_processed,m z all_processed", "both repeat", "medium", None),
    ],
)
def test_what_has_several_answers_becomes_a_question(
    graph: str, ways: str, question: str, importance: str, becomes: str | None
) -> None:
    result = fixed(graph, ways)
    if not importance:
        assert not [text for text in result.questions if question in text]
        return
    requests = result.sop["public"]["clarification_requests"]
    assert [request["importance"] for request in requests if question in request["question"]] == [importance]
    if becomes is not None:
        assert ways_of(result) == set(becomes.split(","))


def test_an_early_way_out_of_a_loop_becomes_part_of_its_exit_condition() -> None:
    result = fixed(">s l:d+w d? w .z", "s l,l d,d w yes,d z no,w l,l z all_processed")
    (one,) = [node for node in result.sop["public"]["nodes"] if node["type"] == "loop"]
    assert one["exit_condition"] == "none left, or no at: [d]"
    assert one["children"] == ["d", "w", "next-l"]
    assert result.inserted == ("next-l",)


def test_a_loop_in_a_loop_keeps_what_it_said() -> None:
    result = fixed(">s o:x+i x i:y y .z", "s o,o x,x i,i y,y i,i o all_processed,o z all_processed")
    inner = next(node for node in result.sop["public"]["nodes"] if node["id"] == "i")
    assert inner == {
        "id": "i",
        "type": "decision",
        "label": "[i]: is there another one?",
        "context": "Repeat: one of many. Until: none left.",
    }
    outer = next(node for node in result.sop["public"]["nodes"] if node["id"] == "o")
    assert outer["children"] == ["x", "i", "y", "next-o"]


def test_two_nodes_with_one_id() -> None:
    raw = raw_sop([*nodes(LINE), node("a", label="Something else"), node("a", label="[A]")], arrows("s a,a z"))
    result = fix_graph(raw, wording=ENGLISH)
    assert [(one["id"], one["label"]) for one in result.sop["public"]["nodes"]] == [
        ("s", "[s]"),
        ("a", "[a]"),
        ("z", "[z]"),
        ("a-2", "Something else"),
    ]
    assert result.guesses == ("No step leads to \u2039Something else\u203a. When is it done?",)


@pytest.mark.parametrize(
    ("trigger", "becomes", "question"),
    [
        ({"type": "manual", "endpoint": "none"}, {"type": "manual"}, None),
        ({"type": "event"}, {"type": "event", "signal": "d"}, None),
        ({"type": "cron", "config": "@daily"}, {"type": "cron", "config": "0 0 * * *"}, None),
        ({"type": "schedule", "config": "0 8 * * 1"}, {"type": "cron", "config": "0 8 * * 1"}, None),
        (
            {"type": "cron", "config": "every day"},
            {"type": "manual"},
            "The trigger \u2039d\u203a does not name its time.",
        ),
        (
            {"type": "webhook", "endpoint": "N/A"},
            {"type": "manual"},
            "The trigger \u2039d\u203a does not name its endpoint.",
        ),
        ({"type": "rain"}, {"type": "manual"}, None),
    ],
)
def test_triggers(trigger: dict[str, str], becomes: dict[str, str], question: str | None) -> None:
    result = fixed(LINE, "s a,a z", triggers=[{"description": "d", **trigger}])
    assert result.sop["public"]["triggers"] == [{"description": "d", **becomes}]
    assert [text for text in result.questions if not text.startswith(question or "-")] == []
    assert len(result.questions) == (question is not None)


def test_a_sop_without_triggers_gets_that_of_its_trigger_node() -> None:
    assert fixed(LINE, "s a,a z", triggers=[]).sop["public"]["triggers"] == [{"type": "manual", "description": "[s]"}]


def test_steps_name_nodes_and_skills_that_exist() -> None:
    raw = raw_sop(nodes(LINE), arrows("s a,a z"))
    raw["private"] = {
        "skills": [
            {"id": "s1", "app": "Mail", "method_type": "ui"},
            {"id": "s2", "app": "Ledger", "method_type": "ui"},
        ],
        "steps": [
            {"node_id": "ghost", "primary_skill": "s1"},
            {"node_id": "a", "primary_skill": "mail", "alt_skills": ["nothing", "s2"]},
            {"node_id": "s", "primary_skill": "nothing"},
        ],
        "artifacts": [],
    }
    result = fix_graph(raw, wording=ENGLISH)
    assert result.sop["private"]["steps"] == [{"node_id": "a", "primary_skill": "s1", "alt_skills": ["s2"]}]
    assert result.questions == ("The application in which \u2039[s]\u203a is done is not known. Which is it?",)
    assert result.fixes == ("stray_step", "step_corrected", "stray_step")
    raw["private"]["skills"].pop()
    assert fix_graph(raw, wording=ENGLISH).sop["private"]["steps"][1] == {"node_id": "s", "primary_skill": "s1"}


def test_stray_fields_are_dropped_and_evidence_stays() -> None:
    raw = raw_sop(nodes(LINE), arrows("s a,a z"))
    raw["public"]["nodes"][1] |= {"iterator": "N/A", "isBranchRoot": False, "mood": "good", "evidence": ["t0001"]}
    raw["surprise"] = 1
    result = fix_graph(raw, wording=ENGLISH)
    assert result.sop["public"]["nodes"][1] == {**node("a"), "evidence": ["t0001"]}
    assert set(result.sop) == {"meta", "public"}


def test_text_that_the_viewer_shows_has_no_markup() -> None:
    bad, good = "<img src=x onerror=alert(1)>", "\u2039img src=x onerror=alert(1)\u203a"
    raw = raw_sop([node("s", "trigger", bad, intent=bad, context=bad), *nodes("a .z")], arrows("s a,a z"))
    raw["meta"] |= dict.fromkeys(("title", "goal", "purpose"), bad) | {"owner": [bad]}
    raw["public"] |= {
        "triggers": [{"type": "event", "description": bad, "signal": bad}],
        "variables": [{"key": bad, "value": bad}],
        "clarification_requests": [{"id": bad, "question": bad, "importance": "low"}],
    }
    raw["private"] = {
        "skills": [{"id": bad, "app": bad, "method_type": "ui", "viewport": {bad: [bad]}}],
        "steps": [{"node_id": "a", "primary_skill": bad}],
        "artifacts": [bad],
    }
    text = repr(fix_graph(raw, wording=ENGLISH).sop)
    assert "<" not in text
    assert text.count(good) == text.count("onerror") == 19


def test_questions_keep_their_ids_apart_from_those_of_the_model_and_are_few() -> None:
    asked = [{"id": "fix-1", "question": "Why?", "importance": "low"}]
    unanswered = [node(f"d{number}", "decision") for number in range(40)]
    raw = raw_sop([*nodes(">s"), *unanswered, *nodes(".z")], [], clarification_requests=asked)
    result = fix_graph(raw, wording=ENGLISH)
    ids = [request["id"] for request in result.sop["public"]["clarification_requests"]]
    assert len(ids) == len(set(ids)) == 21
    assert len(result.questions) == 20
    assert set(result.sop["public"]["clarification_requests"][0]) == {"id", "question", "importance"}


@pytest.mark.slow("six graphs of 2,000 nodes each")
@pytest.mark.parametrize("shape", ["list", "shortcuts", "rings", "decisions", "loops in loops", "out of reach"])
def test_two_thousand_nodes_take_seconds(shape: str) -> None:
    names = [f"n{number}" for number in range(2_000)]
    pairs = list(pairwise(names))
    kind = "decision" if shape == "decisions" else "task"
    graph = [node(name, kind) for name in names]
    edges = {
        "list": [],
        "shortcuts": [edge(name, other) for name in names for other in (names[7], names[1_900])],
        "rings": [edge(names[number], names[number ^ 1]) for number in range(2_000)],
        "decisions": [edge(one, other, "yes") for one, other in pairs],
        "loops in loops": [],
        "out of reach": [edge(name, "z") for name in names],
    }[shape]
    if shape == "loops in loops":
        graph = [*(loop(one, [other]) for one, other in pairs), node(names[-1])]
    begun = time.process_time()
    result = fix_graph(raw_sop([*nodes(">s"), *graph, *nodes(".z")], edges), wording=ENGLISH)
    sop = in_outline_order(as_sop(result.sop))
    assert time.process_time() - begun < 20
    assert graph_faults(sop) == []
    assert set(names) <= {one.id for one in sop.public.nodes}


@pytest.mark.parametrize(
    ("ways", "kept"),
    [
        (">s a, a a, a b, b .z", {"s a", "a b", "b z"}),
        (">s a, a b, b >s, b .z", {"s a", "a b", "b z"}),
    ],
)
def test_a_step_back_without_a_condition_is_left_out_beside_the_way_on(ways: str, kept: set[str]) -> None:
    result = fixed(">s a b .z", ways.replace(">", "").replace(".", ""))
    assert ways_of(result) == kept
    assert (result.fixes, result.questions) == (("step_back",), ())


def test_a_step_back_is_kept_where_a_decision_asks_for_it_or_nothing_else_leads_on() -> None:
    assert fixed(">s d? .z", "s d, d d no, d z yes").fixes == ()
    assert fixed(">s a .z", "s a, a a no, a z yes").fixes == ("task_is_a_decision",)
    assert "step_back" not in fixed(">s a .z", "s a, a a").fixes
    assert fixed(">s a .z", "s a, a a").questions


def test_children_may_be_written_as_objects_that_name_nodes() -> None:
    plain = [*nodes(">s l:a+b .z")]
    objects = [
        {**one, "children": [{"id": name} for name in one["children"]]} if "children" in one else one for one in plain
    ]
    ways = arrows("s l, l a, a b, b l, l z all_processed")
    result = fix_graph(raw_sop(objects, ways), wording=ENGLISH)
    assert result.sop["public"]["nodes"] == fix_graph(raw_sop(plain, ways), wording=ENGLISH).sop["public"]["nodes"]
    assert (result.fixes, result.questions) == (("nodes",), ())
