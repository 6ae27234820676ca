"""A new SOP is merged with what people edited, or nothing is merged and the conflict is named."""

import copy
import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runops.sop_versions.conflict import Conflict, conflict_sentence
from runops.sop_versions.merge import merge
from runops.sop_versions.values import known_sop, same, text_of
from tests.sop_graphs import _META, edge, hostile_sops, node, raw_sop, sound_sops

Sop = dict[str, Any]


def complete(raw: Sop) -> Sop:
    return {**raw, "meta": {**raw["meta"], "id": _META["id"]}}


def chain(*names: str, **public: Any) -> Sop:
    nodes = [node("start", "trigger"), *map(node, names), node("end", "end")]
    order = ["start", *names, "end"]
    edges = [edge(source, target) for source, target in itertools.pairwise(order)]
    return complete(raw_sop(nodes, edges, **public))


def changed(sop: Sop, name: str, **fields: Any) -> Sop:
    result = copy.deepcopy(sop)
    next(one for one in result["public"]["nodes"] if one["id"] == name).update(fields)
    return result


def with_public(sop: Sop, **parts: Any) -> Sop:
    return {**sop, "public": {**sop["public"], **parts}}


def of(sop: Sop, name: str) -> Any:
    return next((one for one in sop["public"]["nodes"] if one["id"] == name), None)


def names(sop: Sop) -> list[str]:
    return [one["id"] for one in sop["public"]["nodes"]]


sound = sound_sops().map(complete)
BASE = chain("open", "check", "send")


@st.composite
def edits(draw: st.DrawFn, sop: Sop) -> Sop:
    """A SOP that a person or a run changed in places: texts, positions, variables, questions, a step more."""
    result = copy.deepcopy(sop)
    public = result["public"]
    for number in range(draw(st.integers(0, 4))):
        one = public["nodes"][draw(st.integers(0, len(public["nodes"]) - 1))]
        match draw(
            st.sampled_from(["label", "context", "position", "variable", "question", "step", "title", "trigger"])
        ):
            case "label":
                one["label"] = draw(st.sampled_from(["[x]", "[y]", "[z]"]))
            case "context":
                one["context"] = draw(st.sampled_from(["seen", "heard", None]))
            case "position":
                one["position"] = {"x": draw(st.integers(0, 9)), "y": 1}
            case "variable":
                public["variables"] = {**(public.get("variables") or {}), draw(st.sampled_from("ab")): number}
            case "question":
                asked = {"id": f"q{number}", "question": draw(st.sampled_from(["Who?", "When?"])), "importance": "low"}
                public["clarification_requests"] = [*(public.get("clarification_requests") or []), asked]
            case "step":
                way = public["edges"][draw(st.integers(0, len(public["edges"]) - 1))]
                inside = [loop for loop in public["nodes"] if way["target"] in loop.get("children", [])]
                if way["condition"] == "next" and not inside and one["type"] != "loop":
                    name = draw(st.sampled_from(["more", "other"]))
                    if name in names(result) or of(result, way["source"])["type"] == "loop":
                        continue
                    public["nodes"].append(node(name))
                    public["edges"] = [
                        *(other for other in public["edges"] if other is not way),
                        edge(way["source"], name),
                        edge(name, way["target"]),
                    ]
            case "title":
                result["meta"]["title"] = draw(st.sampled_from(["Book invoices", "Pay suppliers"]))
            case "trigger":
                public["triggers"] = [{"type": "manual", "description": draw(st.sampled_from(["Daily.", "Weekly."]))}]
    return result


@given(base=sound, data=st.data())
def test_without_an_edit_the_new_one_replaces_the_old_one(base: Sop, data: st.DataObject) -> None:
    new = data.draw(st.one_of(sound, edits(base)))
    merged = merge(base, base, new)
    assert merged.sop == new
    assert not merged.conflicts
    assert not merged.keeps_edits


@given(base=sound, edited=st.one_of(sound, hostile_sops()))
def test_what_people_made_stays_as_it_is_where_nothing_new_is_generated(base: Sop, edited: Sop) -> None:
    merged = merge(base, edited, base)
    assert merged.sop in (edited, base) if same(edited, base) else merged.sop == edited
    assert not merged.conflicts
    assert merged.keeps_edits is not same(edited, base)


@given(data=st.data(), base=sound)
def test_a_merged_sop_keeps_the_rules_and_the_touched_places_of_both_sides(data: st.DataObject, base: Sop) -> None:
    edited, new = data.draw(edits(base)), data.draw(edits(base))
    if isinstance(known_sop(new), list):
        return
    merged = merge(base, edited, new)
    if merged.conflicts:
        assert merged.sop == edited, "a conflict changes nothing"
        return
    if not same(merged.sop, edited):
        assert not isinstance(known_sop(merged.sop), list)
    for name in names(base):
        for field in ("label", "context"):
            was, theirs, ours = (of(sop, name).get(field) for sop in (base, edited, new))
            assert of(merged.sop, name).get(field) == (theirs if theirs != was else ours)
    # Written once more, after a worker that died behind its write, it is the same.
    again = merge(base, merged.sop, new)
    assert not again.conflicts
    assert same(again.sop, merged.sop)
    assert merged.sop["meta"]["title"] in {one["meta"]["title"] for one in (edited, new)}


@given(base=sound, edited=hostile_sops(), new=sound)
def test_whatever_an_app_wrote_is_never_lost(base: Sop, edited: Sop, new: Sop) -> None:
    merged = merge(base, edited, new)
    json.dumps(merged.sop)
    assert merged.conflicts == () or merged.sop == edited
    if not merged.conflicts and not same(merged.sop, edited):
        assert not isinstance(known_sop(merged.sop), list)


@pytest.mark.parametrize("base", [None, {}])
def test_without_a_base_only_the_same_is_no_conflict(base: Sop | None) -> None:
    assert not merge(base, BASE, chain("open", "check", "send")).conflicts
    merged = merge(base, BASE, chain("open"))
    assert merged.sop == BASE
    assert "not known" in str(merged.conflicts[0])


EDITED = {
    "a label, and another step gets another label": (
        changed(BASE, "open", label="[mine]"),
        changed(BASE, "send", label="[new]"),
        changed(changed(BASE, "open", label="[mine]"), "send", label="[new]"),
    ),
    "a label and the context of one step": (
        changed(BASE, "open", label="[mine]"),
        changed(BASE, "open", context="new"),
        changed(BASE, "open", label="[mine]", context="new"),
    ),
    "a step is added here and another one there": (
        chain("open", "mine", "check", "send"),
        chain("open", "check", "send", "new"),
        chain("open", "mine", "check", "send", "new"),
    ),
    "a step is removed, and another one gets a label": (
        chain("open", "send"),
        changed(BASE, "send", label="[new]"),
        changed(chain("open", "send"), "send", label="[new]"),
    ),
    "a step is dragged that the new one has no more": (
        changed(BASE, "check", position={"x": 1, "y": 2}),
        chain("open", "send"),
        chain("open", "send"),
    ),
    "a step is dragged that the model places, too": (
        changed(BASE, "check", position={"x": 1, "y": 2}),
        changed(BASE, "check", position={"x": 3, "y": 4}, label="[new]"),
        changed(BASE, "check", position={"x": 1, "y": 2}, label="[new]"),
    ),
    "the app's own keys stay": (
        {**changed(BASE, "open", colour="red"), "app": 1},
        changed(BASE, "open", label="[new]"),
        {**changed(BASE, "open", colour="red", label="[new]"), "app": 1},
    ),
    "a question is settled in the app, and a new one comes": (
        with_public(BASE, clarification_requests=[{"id": "q2", "question": "When?", "importance": "low"}]),
        with_public(
            BASE,
            clarification_requests=[
                {"id": "q1", "question": "Who?", "importance": "low"},
                {"id": "q2", "question": "Where?", "importance": "high"},
            ],
        ),
        with_public(
            BASE,
            clarification_requests=[
                {"id": "q2", "question": "Where?", "importance": "high"},
                {"id": "q2-2", "question": "When?", "importance": "low"},
            ],
        ),
    ),
}


@pytest.mark.parametrize("case", EDITED)
def test_what_is_merged(case: str) -> None:
    edited, new, expected = EDITED[case]
    base = BASE
    if "question" in case:
        base = with_public(BASE, clarification_requests=[{"id": "q1", "question": "Who?", "importance": "low"}])
    merged = merge(base, edited, new)
    assert not merged.conflicts
    assert {**merged.sop, "public": {**merged.sop["public"], "edges": []}} == {
        **expected,
        "public": {**expected["public"], "edges": []},
    }
    assert sorted(map(str, merged.sop["public"]["edges"])) == sorted(map(str, expected["public"]["edges"]))
    assert merged.keeps_edits is (merged.sop != new)


CONFLICTS = {
    "one label twice": (
        changed(BASE, "open", label="[mine]"),
        changed(BASE, "open", label="[new]"),
        "label of the step",
    ),
    "edited and removed": (changed(BASE, "check", label="[mine]"), chain("open", "send"), "edited in the app"),
    "removed and changed": (chain("open", "send"), changed(BASE, "check", label="[new]"), "removed in the app"),
    "two steps at one place": (
        chain("open", "mine", "check", "send"),
        chain("open", "new", "check", "send"),
        'way "next" from "open"',
    ),
    "two titles": (
        {**BASE, "meta": {**BASE["meta"], "title": "Mine"}},
        {**BASE, "meta": {**BASE["meta"], "title": "New"}},
        "title of the description",
    ),
    "a graph that nobody can follow": (
        with_public(BASE, edges=[*BASE["public"]["edges"][:-1], edge("send", "open")]),
        changed(BASE, "check", label="[new]"),
        "the graph",
    ),
    "no list of nodes": (with_public(BASE, nodes={"open": 1}), chain("open"), "no list"),
}


@pytest.mark.parametrize("case", CONFLICTS)
def test_what_is_a_conflict(case: str) -> None:
    edited, new, words = CONFLICTS[case]
    merged = merge(BASE, edited, new)
    assert merged.sop == edited
    assert any(words in str(conflict) for conflict in merged.conflicts), merged.conflicts
    assert "stays in the table" in conflict_sentence(merged.conflicts)


def test_an_app_that_leaves_the_skills_out_has_not_removed_them() -> None:
    def with_skill(sop: Sop, app: str) -> Sop:
        skill = {"id": "k", "app": app, "method_type": "ui"}
        return {**sop, "private": {"skills": [skill], "steps": [], "artifacts": []}}

    merged = merge(with_skill(BASE, "A"), changed(BASE, "open", label="[mine]"), with_skill(BASE, "B"))
    assert not merged.conflicts
    assert merged.sop == with_skill(changed(BASE, "open", label="[mine]"), "B")


def test_null_is_as_if_absent_but_not_for_a_variable() -> None:
    assert same({"a": None}, {})
    assert not same({"variables": {"a": None}}, {"variables": {}})
    assert not same({"a": 1}, {"a": True})
    base = with_public(BASE, variables={"a": 1})
    edited = with_public(BASE, variables={"a": 1, "mine": None})
    assert merge(base, edited, with_public(BASE, variables={"a": 2})).sop["public"]["variables"] == {
        "a": 2,
        "mine": None,
    }


class Counted(str):
    """A text that counts how often one is compared with another, or written into one."""

    __slots__ = ()
    compared = 0

    def __eq__(self, other: object) -> bool:
        Counted.compared += 1
        return str.__eq__(self, str(other))

    def __format__(self, spec: str) -> str:
        Counted.compared += 1
        return str.__format__(self, spec)

    __hash__ = str.__hash__


def test_thousands_of_edits_are_compared_with_their_like_only() -> None:
    many = 1000
    asked = [{"id": Counted("q"), "question": f"Question {number}?", "importance": "low"} for number in range(many)]
    added = [node(Counted(f"n{number}")) for number in range(many)]
    edited = with_public(BASE, nodes=[*BASE["public"]["nodes"], *added], clarification_requests=asked)
    Counted.compared = 0
    merge(BASE, edited, changed(BASE, "open", label="New"))
    assert Counted.compared < 60 * many


def used(node_id: str, skill: str, **more: Any) -> Sop:
    return {"node_id": node_id, "primary_skill": skill, **more}


def skilled(sop: Sop, apps: dict[str, str], steps: list[Sop], **private: Any) -> Sop:
    skills = [{"id": name, "app": app, "method_type": "ui"} for name, app in apps.items()]
    return {**sop, "private": {"skills": skills, "steps": steps, "artifacts": [], **private}}


def test_skills_are_merged_by_their_ids_and_their_uses_by_step_and_skill() -> None:
    base = skilled(BASE, {"k": "A", "l": "B"}, [used("open", "k"), used("check", "k"), used("send", "l")])
    edited = skilled(
        BASE,
        {"k": "Mine", "l": "B", "m": "C"},
        [used("open", "k", alt_skills=["m"]), used("open", "m"), used("check", "k"), used("send", "l")],
    )
    new = skilled(
        changed(BASE, "send", label="[new]"),
        {"k": "A", "l": "New", "n": "D"},
        [used("open", "k"), used("check", "k"), used("send", "l"), used("send", "n")],
        artifacts=["a file"],
    )
    merged = merge(base, edited, new)
    assert not merged.conflicts
    assert merged.keeps_edits
    assert merged.sop == skilled(
        changed(BASE, "send", label="[new]"),
        {"k": "Mine", "l": "New", "m": "C", "n": "D"},
        [
            used("open", "k", alt_skills=["m"]),
            used("open", "m"),
            used("check", "k"),
            used("send", "l"),
            used("send", "n"),
        ],
        artifacts=["a file"],
    )


def test_the_use_of_a_skill_goes_with_its_step() -> None:
    uses = [used("open", "k"), used("check", "k")]
    base = skilled(BASE, {"k": "A"}, uses)
    new = skilled(changed(BASE, "send", label="[new]"), {"k": "A"}, uses)
    merged = merge(base, skilled(chain("open", "send"), {"k": "A"}, uses), new)
    assert not merged.conflicts
    assert merged.sop["private"]["steps"] == [used("open", "k")]


def test_a_skill_that_both_sides_changed_is_a_conflict() -> None:
    given = [skilled(BASE, {"k": app}, [used("open", "k", alt_skills=[app])]) for app in ("A", "Mine", "New")]
    assert [conflict.place for conflict in merge(*given).conflicts] == [
        'app of the skill "k"',
        'alt_skills of the skill of the step "open"',
    ]


def test_of_a_skill_that_a_step_uses_twice_no_use_is_lost() -> None:
    apps = {"k": "A", "l": "B", "m": "C"}
    twice = [used("open", "k"), used("open", "k", alt_skills=["l"])]
    more = [*twice, used("open", "k", alt_skills=["m"])]
    base = skilled(BASE, apps, twice)
    new = skilled(changed(BASE, "send", label="[new]"), apps, twice)
    for edited in (twice, more):
        merged = merge(base, skilled(changed(BASE, "open", label="[mine]"), apps, edited), new)
        assert not merged.conflicts
        assert merged.sop["private"]["steps"] == edited
    other = skilled(BASE, apps, [used("open", "k")])
    places = [conflict.place for conflict in merge(base, skilled(BASE, apps, more), other).conflicts]
    assert places == ['the skill of the step "open"']


def test_the_time_at_which_a_sop_was_made_is_that_of_the_new_one() -> None:
    given = [{**BASE, "meta": {**BASE["meta"], "created": f"2026-0{month}-01"}} for month in (1, 2, 3)]
    merged = merge(given[0], changed(given[1], "open", label="[mine]"), given[2])
    assert not merged.conflicts
    assert merged.sop["meta"]["created"] == "2026-03-01"


@pytest.mark.parametrize(
    ("base", "edited", "new", "expected"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, {"a": 2}, {"a": 2, "b": 2}),
        (None, {"mine": 1}, None, {"mine": 1}),
        (None, {"mine": 1}, {"new": 2}, {"new": 2, "mine": 1}),
        # What no app can have meant is replaced, where nobody touched it.
        ([1], [1], {"a": 2}, {"a": 2}),
    ],
)
def test_variables_are_merged_by_name(base: Any, edited: Any, new: Any, expected: Any) -> None:
    given = [with_public(BASE, variables=base), with_public(BASE, variables=edited), with_public(BASE, variables=new)]
    merged = merge(given[0], changed(given[1], "open", label="[mine]"), changed(given[2], "send", label="[new]"))
    assert not merged.conflicts
    assert merged.sop["public"]["variables"] == expected


def questions(*asked: tuple[str, str, str]) -> list[Sop]:
    return [{"id": name, "question": question, "importance": importance} for name, question, importance in asked]


def merged_questions(base: Any, edited: Any, new: Any) -> Any:
    given = [with_public(BASE, clarification_requests=asked) for asked in (base, edited, new)]
    merged = merge(given[0], changed(given[1], "open", label="[mine]"), changed(given[2], "send", label="[new]"))
    assert not merged.conflicts
    return merged.sop["public"]["clarification_requests"]


def test_a_question_is_the_same_by_its_words_and_keeps_what_a_person_made_of_it() -> None:
    found = merged_questions(
        questions(("q1", "Who pays?", "low")),
        questions(("q1", "WHO pays?", "high")),
        questions(("q7", "who  pays?", "medium")),
    )
    assert found == questions(("q7", "WHO pays?", "high"))


def test_questions_without_words_are_kept_apart() -> None:
    new = questions(("a", "", "low"), ("b", "", "low"))
    assert merged_questions([], [], new) == new


def test_questions_that_are_no_list_are_replaced_where_nobody_touched_them() -> None:
    new = questions(("a", "Who?", "low"))
    assert merged_questions("x", "x", new) == new


def test_each_question_gets_an_id_of_its_own() -> None:
    new = questions(("q", "1?", "low"), ("q", "2?", "low"), ("r", "3?", "low"), ("r", "4?", "low"), ("q", "5?", "low"))
    assert [one["id"] for one in merged_questions([], [], new)] == ["q", "q-2", "r", "r-2", "q-3"]


def test_ways_from_what_is_no_id_are_compared_and_named() -> None:
    def to(*targets: tuple[Any, str]) -> Sop:
        ways = [*BASE["public"]["edges"], *(edge(source, target) for source, target in targets)]
        return with_public(BASE, edges=ways)

    new = changed(BASE, "send", label="[new]")
    assert not merge(to((["a"], "open")), to((["a"], "open")), new).conflicts
    edited = changed(to((["a"], "open"), (["b"], "open")), "open", label="[mine]")
    assert {conflict.place for conflict in merge(to((["a"], "open")), edited, new).conflicts} == {"the graph"}
    (conflict,) = merge(to((["a"], "open")), to((["a"], "send")), new).conflicts
    assert conflict.place == """the way "" from "(['a'], 'next')\""""


def test_a_sentence_tells_the_number_of_conflicts_and_the_way_out() -> None:
    one = Conflict("the graph", "it is broken")
    assert str(one) == "the graph: it is broken"
    assert conflict_sentence([one]) == (
        "The SOP in the table was edited, and the new one differs in 1 place that cannot be merged. The edited one "
        "stays in the table; `runops sop JOB --diff generated` compares them."
    )
    assert "differs in 2 places that" in conflict_sentence([one, one])


def test_what_breaks_a_rule_is_told_in_short_sentences() -> None:
    found = known_sop(with_public(BASE, nodes=[*BASE["public"]["nodes"], node("x" * 300, "loop")]))
    assert isinstance(found, list)
    assert [len(sentence) for sentence in found] == [200]


@pytest.mark.parametrize(("value", "text"), [(" A  b\n", "a b"), (None, ""), (7, ""), ([], "")])
def test_only_a_text_has_words(value: Any, text: str) -> None:
    assert text_of(value) == text
