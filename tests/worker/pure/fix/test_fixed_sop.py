"""What is made of a SOP as a whole: its edges in order, its questions by importance, what was inserted."""

from typing import Any

from runops_worker.sop.fix import questions
from runops_worker.sop.fix.fix_graph import Fixed
from runops_worker.sop.fix.fix_graph import fix_graph as fix_graph_in
from runops_worker.sop.wording.sentences import ENGLISH, LANGUAGES
from tests.sop_graphs import edge, loop, node, raw_sop

S, Z = node("s", "trigger"), node("z", "end")


def fix_graph(raw: dict[str, Any]) -> Fixed:
    return fix_graph_in(raw, wording=ENGLISH)


def ways(fixed: Fixed) -> list[tuple[str, str, str]]:
    return [(one["source"], one["target"], one["condition"]) for one in fixed.sop["public"]["edges"]]


def test_edges_that_stay_keep_their_order_and_a_new_one_follows_those_of_its_node() -> None:
    given = [edge("b", "z"), edge("s", "d"), edge("d", "a", "yes"), edge("a", "b")]
    fixed = fix_graph(raw_sop([S, node("d", "decision"), node("a"), node("b"), Z], given))
    assert ways(fixed) == [
        ("b", "z", "next"),
        ("s", "d", "next"),
        ("d", "a", "yes"),
        ("d", "b", "no"),
        ("a", "b", "next"),
    ]
    assert (fixed.fixes, fixed.guesses, fixed.inserted) == (("missing_answer",), (), ())
    assert [set(one) for one in fixed.sop["public"]["edges"]] == [{"source", "target", "condition"}] * 5


def test_edges_of_a_node_that_had_none_come_last() -> None:
    fixed = fix_graph(raw_sop([S, node("a"), node("b"), Z], [edge("b", "z"), edge("s", "a")]))
    assert ways(fixed) == [("b", "z", "next"), ("s", "a", "next"), ("a", "b", "next")]


def test_a_question_gets_a_free_id_and_is_not_asked_twice() -> None:
    asked = questions.missing_answer("[d]", "no")
    nodes = [S, node("d", "decision"), node("a"), Z]
    given = [edge("s", "d"), edge("d", "a", "yes"), edge("a", "z")]
    own: list[dict[str, Any]] = [{"id": "fix-1", "question": "Q?", "importance": "low"}]
    fixed = fix_graph(raw_sop(nodes, given, clarification_requests=own))
    assert fixed.sop["public"]["clarification_requests"] == [
        *own,
        {"id": "fix-2", "question": asked.text(ENGLISH), "importance": "medium"},
    ]
    own = [{"id": "mine", "question": asked.text(ENGLISH), "importance": "low"}]
    again = fix_graph(raw_sop(nodes, given, clarification_requests=own))
    assert again.sop["public"]["clarification_requests"] == own
    assert again.questions == (asked.text(ENGLISH),)


def test_a_question_behind_one_that_the_model_has_asked_itself_is_asked() -> None:
    nodes = [S, {"id": "n", "type": "task"}, {"id": "m", "type": "task"}, Z]
    unnamed = [questions.unnamed(name).text(ENGLISH) for name in ("n", "m")]
    own = [{"id": "mine", "question": unnamed[0], "importance": "high"}]
    given = [edge("s", "n"), edge("n", "m"), edge("m", "z")]
    fixed = fix_graph(raw_sop(nodes, given, clarification_requests=own))
    assert [one["question"] for one in fixed.sop["public"]["clarification_requests"]] == unnamed


def test_changes_of_a_sop_without_a_node_are_told() -> None:
    assert fix_graph({}).fixes == ("meta", "triggers")


def test_what_is_written_into_a_sop_is_in_its_language() -> None:
    nodes = [S, node("d", "decision"), node("a"), node("b"), Z]
    given = [edge("s", "d"), edge("d", "a", "genehmigt"), edge("d", "b", "abgelehnt"), edge("a", "z"), edge("b", "z")]
    fixed = fix_graph_in(raw_sop(nodes, given), wording=LANGUAGES["German"])
    assert fixed.sop["public"]["nodes"][1]["context"] == "Ja: genehmigt. Nein: abgelehnt."


def test_the_twenty_most_important_questions_are_kept() -> None:
    nodes = [
        S,
        *(node(f"e{number}", "decision") for number in range(12)),
        *(node(f"d{number}", "decision") for number in range(12)),
        Z,
    ]
    given = [edge("s", "e0"), *(edge(f"e{number}", "z", "yes") for number in range(12))]
    fixed = fix_graph(raw_sop(nodes, given))
    high = [questions.no_answers(f"[d{number}]").text(ENGLISH) for number in range(12)]
    medium = [questions.missing_answer(f"[e{number}]", "no").text(ENGLISH) for number in range(8)]
    assert fixed.questions == (*high, *medium)
    assert fixed.guesses == tuple(high)
    assert [one["id"] for one in fixed.sop["public"]["clarification_requests"]] == [
        f"fix-{number}" for number in range(1, 21)
    ]


def test_what_was_inserted_is_told_and_a_duplicate_is_counted() -> None:
    fixed = fix_graph(raw_sop([S, node("a"), node("a", "decision", "Other?"), node("a")], [edge("s", "a")]))
    assert (fixed.inserted, fixed.fixes[:2]) == (("end",), ("duplicate_id", "no_end"))
    assert {one["id"] for one in fixed.sop["public"]["nodes"]} >= {"s", "a", "a-2", "end"}


def test_steps_of_a_sound_graph_are_settled_too() -> None:
    private = {"skills": [{"id": "k", "app": "Mail", "method_type": "ui"}], "artifacts": []}
    raw = raw_sop([S, node("a"), Z], [edge("s", "a"), edge("a", "z")])
    raw["private"] = {**private, "steps": [{"node_id": "ghost", "primary_skill": "k"}]}
    fixed = fix_graph(raw)
    assert fixed.fixes == ("stray_step",)
    assert fixed.sop["private"] == {**private, "steps": []}
    assert ways(fixed) == [("s", "a", "next"), ("a", "z", "next")]


def test_a_loop_in_a_loop_and_its_forgotten_child_become_one_loop() -> None:
    nodes = [S, loop("l", ["m"]), loop("m", ["a"]), node("a"), node("b"), Z]
    given = [
        edge("s", "l"),
        edge("l", "m"),
        edge("m", "a"),
        edge("a", "b"),
        edge("b", "m"),
        edge("m", "l", "all_processed"),
        edge("l", "z", "all_processed"),
    ]
    fixed = fix_graph(raw_sop(nodes, given))
    (found,) = (one for one in fixed.sop["public"]["nodes"] if one["type"] == "loop")
    assert (found["id"], found["children"][:3]) == ("l", ["m", "a", "b"])
    assert {"nested_loop", "forgotten_child"} <= set(fixed.fixes)
