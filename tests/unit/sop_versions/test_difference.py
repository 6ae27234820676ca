"""What differs from one SOP to another, as a person reads it."""

import itertools
import json
from typing import Any

from hypothesis import given

from runops.sop import Sop
from runops.sop_as_stored import sop_as_stored
from runops.sop_versions.align import with_ids
from runops.sop_versions.difference import Change, Difference, difference, difference_text
from tests.sop_graphs import any_sops, as_sop, edge, hostile_sops, loop, node, raw_sop, sound_sops

sound = sound_sops().map(as_sop)


def chain(*steps: tuple[str, str], **public: Any) -> Sop:
    names = [name for name, _ in steps]
    nodes = [node("start", "trigger"), *(node(name, label=label) for name, label in steps), node("end", "end")]
    order = ["start", *names, "end"]
    edges = [edge(source, target) for source, target in itertools.pairwise(order)]
    return as_sop(raw_sop(nodes, edges, **public))


def of_another_job(sop: Sop) -> Sop:
    meta = sop.meta.model_copy(update={"id": "8a2b5d1e-54a5-4f6c-9d70-6f1c7d0a4b11"})
    return sop.model_copy(update={"meta": meta})


OPEN, CHECK, SEND = ("open", "Open the list"), ("check", "Check the sum"), ("send", "Send the mail")


@given(sop=sound)
def test_a_sop_does_not_differ_from_itself_nor_by_its_ids(sop: Sop) -> None:
    assert difference(sop, sop) == Difference()
    renamed = of_another_job(with_ids(sop, {one.id: f"step-{index}" for index, one in enumerate(sop.public.nodes)}))
    assert difference(sop, renamed).is_empty
    assert difference_text(difference(sop, renamed)) == "There is no difference.\n"


@given(one=sound, other=sound)
def test_each_step_is_added_removed_or_in_both(one: Sop, other: Sop) -> None:
    found = difference(one, of_another_job(other))
    added, removed = len(found.added), len(found.removed)
    assert len(other.public.nodes) - added == len(one.public.nodes) - removed
    json.dumps(found.as_json())


@given(one=any_sops(), other=hostile_sops())
def test_any_two_stored_sops_can_be_compared(one: dict[str, Any], other: dict[str, Any]) -> None:
    read = [sop for raw in (one, other) if (sop := sop_as_stored(raw)) is not None]
    if len(read) == 2:
        difference_text(difference(*read))


def test_a_person_reads_what_changed() -> None:
    before = chain(
        OPEN,
        CHECK,
        SEND,
        variables={"sum": 1},
        clarification_requests=[{"id": "q", "question": "Who?", "importance": "low"}],
    )
    after = chain(
        ("login", "Log in"),
        OPEN,
        ("send", "Send the mail to all"),
        variables={"sum": 2},
    )
    assert difference_text(difference(before, after)) == (
        "Removed steps\n"
        "  - 3. Check the sum\n"
        "\n"
        "Added steps\n"
        "  + 2. Log in\n"
        "\n"
        "Changed steps\n"
        "  4. Send the mail to all\n"
        "       label:\n"
        "         - Send the mail\n"
        "         + Send the mail to all\n"
        "\n"
        "Variables\n"
        "  sum:\n"
        "    - 1\n"
        "    + 2\n"
        "\n"
        "Open questions\n"
        "  - Who?\n"
    )


def test_another_label_is_the_same_step_in_versions_of_one_sop_and_another_one_between_two_jobs() -> None:
    before, after = chain(OPEN, SEND), chain(("open", "Log in"), SEND)
    assert [step.id for step in difference(before, after).changed] == ["open"]
    found = difference(before, of_another_job(after))
    assert ([one.label for one in found.removed], [one.label for one in found.added]) == (["Open the list"], ["Log in"])


def test_a_step_that_moves_is_named_once() -> None:
    found = difference(chain(OPEN, CHECK, SEND), chain(CHECK, SEND, OPEN))
    assert [step.id for step in found.changed if step.moved] == ["open"]
    (moved,) = [step for step in found.changed if step.moved]
    assert (moved.number_before, moved.number_after) == (2, 4)
    assert "2 -> 4. Open the list (moved)" in difference_text(found)


def test_another_answer_of_a_decision_is_a_change_of_its_step() -> None:
    def asked(yes: str, no: str) -> Sop:
        nodes = [
            node("s", "trigger"),
            node("d", "decision", "Is it paid?"),
            node("a", label="File it"),
            node("b", label="Pay it"),
            node("e", "end"),
        ]
        return as_sop(
            raw_sop(nodes, [edge("s", "d"), edge("d", yes, "yes"), edge("d", no, "no"), edge("a", "e"), edge("b", "e")])
        )

    text = difference_text(difference(asked("a", "b"), asked("b", "a")))
    assert "then (yes):\n         - File it\n         + Pay it" in text


def test_no_text_of_a_sop_obeys_a_terminal() -> None:
    text = difference_text(difference(chain(OPEN), chain(OPEN, ("x", "a\x1b[2Jb\nc"))))
    assert "\x1b" not in text
    assert "a[2Jb c" in text


def test_of_two_steps_that_change_places_one_has_moved() -> None:
    found = difference(chain(OPEN, SEND), chain(SEND, OPEN))
    assert [step.id for step in found.changed if step.moved] == ["open"]


def test_other_ways_are_changes_of_the_step_that_they_leave() -> None:
    found = difference(chain(OPEN, CHECK, SEND), chain(CHECK, OPEN, SEND))
    assert {step.id: step.changes for step in found.changed if step.changes} == {
        "start": (Change("then (next)", "Open the list", "Check the sum"),),
        "check": (Change("then (next)", "Send the mail", "Open the list"),),
        "open": (Change("then (next)", "Check the sum", "Send the mail"),),
    }


def test_a_way_between_the_only_two_steps_is_a_change() -> None:
    nodes = [node("a", label="Wait"), node("b", label="Go")]
    ways = [[edge("a", "b")], [edge("a", "a")]]
    (changed,) = difference(*(as_sop(raw_sop(nodes, way)) for way in ways)).changed
    assert (changed.id, changed.changes) == ("a", (Change("then (next)", "Go", "Wait"),))


def test_everything_about_a_sop_is_compared() -> None:
    def made(title: str, owner: list[str], **public: Any) -> Sop:
        raw = raw_sop([node("s", "trigger"), node("d", "decision", "Paid?")], [edge("s", "d")], **public)
        return as_sop({**raw, "meta": {**raw["meta"], "title": title, "owner": owner}})

    cron = {"type": "cron", "description": "Daily", "config": "0 9 * * *"}
    hook = {"type": "webhook", "description": "Called", "endpoint": "/hook"}
    event = {"type": "event", "description": "Told", "signal": "paid"}
    asked = [
        {"id": name, "question": question, "importance": "low"} for name, question in (("a", "Who?"), ("b", "When?"))
    ]
    before = made("Pay", ["Ann", "Ben"], triggers=[{"type": "manual", "description": "By hand"}])
    after = made("Pay it", ["Ann"], triggers=[cron, hook, event], variables={"sum": None}, clarification_requests=asked)
    assert difference_text(difference(before, after)) == (
        "Description\n"
        "  title:\n"
        "    - Pay\n"
        "    + Pay it\n"
        "  owner:\n"
        "    - Ann, Ben\n"
        "    + Ann\n"
        "\n"
        "Triggers\n"
        "  - By hand (manual)\n"
        "  + Daily (cron: 0 9 * * *)\n"
        "  + Called (webhook: /hook)\n"
        "  + Told (event: paid)\n"
        "\n"
        "Variables\n"
        "  sum:\n"
        "    + \n"
        "\n"
        "Open questions\n"
        "  + Who?\n"
        "  + When?\n"
    )


def test_the_type_of_a_step_that_is_no_task_is_told_and_so_are_the_steps_of_a_loop() -> None:
    def repeated(*inside: str) -> Sop:
        nodes = [loop("l", list(inside)), *(node(name, label=f"Do {name}") for name in "ab")]
        return as_sop(raw_sop(nodes, [edge("l", "a"), edge("a", "b"), edge("b", "l")]))

    text = difference_text(difference(repeated("a"), repeated("a", "b")))
    assert "children:\n         - a\n         + a, b\n" in text
    asked = as_sop(raw_sop([node("d", "decision", "Paid?")], []))
    assert "+ 1. Paid? (decision)" in difference_text(difference(as_sop(raw_sop([node("a", label="x")], [])), asked))
