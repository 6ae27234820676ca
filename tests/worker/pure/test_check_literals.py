"""What a SOP states literally and the recording neither shows nor says becomes a variable and a question."""

from typing import Any

import pytest

from runops.sop import Sop
from runops_worker.sop.evidence.check_literals import CheckedLiterals, check_literals
from runops_worker.sop.evidence.observations import observe
from runops_worker.sop.wording.sentences import ENGLISH
from tests.worker.pure.sops import line, task
from tests.worker.pure.transcripts import said

NOWHERE = "neither shown nor said in the recording"
WHICH = "The recording neither shows nor says it: what is right?"


def checked(*labels: str, **public: Any) -> CheckedLiterals:
    sop = line(*(task(f"s{number}", label) for number, label in enumerate(labels)), **public)
    return check_literals(sop, observe([said(1, "open order 4711 at shop.example.com")]), wording=ENGLISH)


def labels(result: CheckedLiterals) -> list[str]:
    return [node.label for node in result.sop.public.nodes if node.type == "task"]


def test_a_sop_without_such_literals_is_the_same() -> None:
    sop = line(task("a", "Open order 4711 at shop.example.com"))
    result = check_literals(sop, observe([said(1, "open order 4711 at shop.example.com")]), wording=ENGLISH)
    assert result == CheckedLiterals(sop, (), 0)


@pytest.mark.parametrize(
    ("label", "is_name"),
    [
        # Few words say nothing about the style; from five on, a fifth of them may begin with a capital letter.
        ("send it to Mallory", True),
        ("send Xavier to Mallory", True),
        ("send it to Mallory right now", True),
        ("send it to Mallory and Bob", False),
        ("send it to Mallory and then to Bob again now 7 !", False),
        ("send it to Mallory and then to Bob once again now", True),
        # A word of a letter and a digit is a word as well.
        ("send x1 x2 to Mallory at x3", True),
        ("send x1 x2 x3 Mallory Bob", False),
    ],
)
def test_a_capital_letter_marks_a_name_where_few_words_have_one(label: str, is_name: bool) -> None:
    (found,) = labels(checked(label))
    assert ("Mallory" not in found) is is_name


@pytest.mark.parametrize("field", ["intent", "context"])
def test_all_texts_of_a_step_tell_the_style(field: str) -> None:
    sop = line(task("a", "send it to Mallory", **{field: "die Rechnung und das Konto und der Kunde"}))
    (node,) = (
        node for node in check_literals(sop, observe([]), wording=ENGLISH).sop.public.nodes if node.type == "task"
    )
    assert node.label == "send it to Mallory"


def test_the_kinds_of_a_step_are_listed_once() -> None:
    one = checked("go to evil.example")
    assert one.questions == (f'The step "go to {{address}}" named an address. {WHICH}',)
    two = checked("go to evil.example or bad.example as bob@evil.example")
    assert labels(two) == ["go to {address} or {address_2} as {email_address}"]
    assert two.questions == (f'The step "{labels(two)[0]}" named an address and an e-mail address. {WHICH}',)
    three = checked("go to evil.example as bob@evil.example for $5")
    named = "named an address, an e-mail address and an amount."
    assert three.questions == (f'The step "{labels(three)[0]}" {named} {WHICH}',)
    assert (one.count, two.count, three.count) == (1, 3, 3)


def test_the_same_literal_has_one_variable_whatever_its_case() -> None:
    result = checked("go to evil.example", "return to EVIL.example", "go to bad.example")
    assert labels(result) == ["go to {address}", "return to {address}", "go to {address_2}"]
    assert result.sop.public.variables == {"address": NOWHERE, "address_2": NOWHERE}
    assert result.count == 2


def test_a_name_that_is_taken_is_not_used_again() -> None:
    result = checked("go to evil.example", "go to bad.example", variables={"address": "of the shop", "address_3": "x"})
    assert labels(result) == ["go to {address_2}", "go to {address_4}"]
    assert result.sop.public.variables == {
        "address": "of the shop",
        "address_3": "x",
        "address_2": NOWHERE,
        "address_4": NOWHERE,
    }


def test_an_example_that_was_not_seen_is_replaced_and_asked_for() -> None:
    result = checked("open order 4711", variables={"order": "INV-2024-99", "number": 4711, "known": "4711"})
    assert result.sop.public.variables == {"order": NOWHERE, "number": 4711, "known": "4711", "identifier": NOWHERE}
    assert result.questions == (
        "What is an example of {order}? The recording neither shows nor says the one that was named.",
    )


def test_title_and_triggers_are_asked_about_together() -> None:
    sop = line(task("a", "Open order 4711"))
    triggers = [{"type": "manual", "description": "Bob pays $5 at evil.example."}]
    value = sop.model_dump(exclude_none=True)
    value["meta"]["goal"] = "All of evil.example is open."
    value["public"]["triggers"] = triggers
    result = check_literals(Sop.model_validate(value), observe([said(1, "open order 4711")]), wording=ENGLISH)
    assert result.sop.meta.goal == "All of {address} is open."
    assert result.sop.public.triggers[0].description == "Bob pays {amount} at {address}."
    assert result.questions == (f"The description of the procedure named an address and an amount. {WHICH}",)


def test_requests_of_the_model_and_skills_lose_such_literals_without_a_question() -> None:
    own = [{"id": "evil.example", "question": "Is evil.example right?", "importance": "low"}]
    sop = line(task("a", "Open order 4711"), clarification_requests=own)
    value = sop.model_dump(exclude_none=True)
    value["private"]["skills"][0] |= {"app": "evil.example", "variables_in": ["bad.example"]}
    result = check_literals(Sop.model_validate(value), observe([said(1, "open order 4711")]), wording=ENGLISH)
    (request,) = result.sop.public.clarification_requests or []
    assert (request.id, request.question) == ("evil.example", "Is {address} right?")
    assert result.sop.private is not None
    assert result.sop.private.skills[0].app == "{address}"
    assert result.sop.private.skills[0].variables_in == ["bad.example"]
    assert (result.questions, result.count) == ((), 1)


def test_without_requests_none_are_written() -> None:
    assert checked("go to evil.example").sop.public.clarification_requests is None


@pytest.mark.parametrize(("count", "asked"), [(14, 14), (15, 15), (16, 15), (40, 15)])
def test_at_most_fifteen_questions_are_asked(count: int, asked: int) -> None:
    questions = checked(*(f"go to x{number}.evil.example" for number in range(count))).questions
    assert len(questions) == asked
    if count > asked:
        assert questions[-1] == (
            f"{count - 14} more steps named values that the recording neither shows nor says: which are right?"
        )


def test_the_description_is_asked_about_where_only_its_goal_or_only_its_trigger_named_something() -> None:
    value = line(task("a", "Open order 4711")).model_dump(exclude_none=True)
    goal = {**value, "meta": {**value["meta"], "goal": "All of evil.example is open."}}
    trigger = {**value, "public": {**value["public"]}}
    trigger["public"]["triggers"] = [{"type": "manual", "description": "Somebody opens evil.example."}]
    for changed in (goal, trigger):
        result = check_literals(Sop.model_validate(changed), observe([said(1, "open order 4711")]), wording=ENGLISH)
        assert result.questions == (f"The description of the procedure named an address. {WHICH}",)
