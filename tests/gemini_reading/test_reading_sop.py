"""A SOP is written from the text of a transcript alone."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devstack.gemini_reading.sop.narration import imperative, question_of, sentences, told_action
from devstack.gemini_reading.sop.procedure import read_procedure
from devstack.gemini_reading.sop.steps import seconds, steps_of
from runops.sop import Sop
from runops.sop_graph import graph_faults


def seen(
    at: float,
    action: str,
    target: str = "",
    *,
    kind: str = "button",
    value: str = "",
    chosen: str = "",
    after: str = "",
) -> dict[str, Any]:
    entered = {"typed_characters": value, "selected_value_observed": chosen}
    return {
        "timestamp_start_visual": f"00:{int(at) // 60:02d}:{int(at) % 60:02d}",
        "application_in_focus": "Stockroom - New delivery",
        "action_type_observed": action,
        "target_element_details": {"element_type_guess": kind, "element_visible_text": target} if target else None,
        "data_input_observed": {name: text for name, text in entered.items() if text} or None,
        "screen_region_description_post_action": after,
    }


def said(at: int, text: str) -> dict[str, Any]:
    return {
        "timestamp_start_audio": f"00:{at // 60:02d}:{at % 60:02d}",
        "timestamp_end_audio": f"00:{(at + 2) // 60:02d}:{(at + 2) % 60:02d}",
        "verbatim_transcript_segment": text,
    }


def numbered(*items: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"id": f"t{number:04d}", **item} for number, item in enumerate(items)]


def written(*items: dict[str, Any]) -> dict[str, Any]:
    """Return the SOP, after its graph was checked."""
    made = read_procedure(numbered(*items))
    stored = {**made, "public": {**made["public"], "nodes": [_without_evidence(n) for n in made["public"]["nodes"]]}}
    assert graph_faults(Sop.model_validate(stored)) == []
    return made


def _without_evidence(node: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in node.items() if name != "evidence"}


def labels(made: dict[str, Any]) -> list[str]:
    return [node["label"] for node in made["public"]["nodes"][1:-1]]


def leads(made: dict[str, Any], label: str) -> dict[str, str]:
    """Return where the ways out of a node lead, by label."""
    names = {node["id"]: node["label"] for node in made["public"]["nodes"]}
    return {
        edge["condition"]: names[edge["target"]] for edge in made["public"]["edges"] if names[edge["source"]] == label
    }


def test_a_click_into_a_field_and_what_is_typed_are_one_step_with_a_variable() -> None:
    made = written(
        said(1, "First I write who sent it."),
        seen(3, "CLICK", "Sender", kind="text field"),
        seen(3, "TYPE", "Sender", kind="text field", value="Harbour Ltd"),
        seen(6, "CLICK", "Save delivery", after="The screen shows Saved."),
    )
    assert labels(made) == ['Enter "Harbour Ltd" in "Sender"', 'Click "Save delivery"']
    assert made["public"]["variables"] == {"sender": "Harbour Ltd"}
    first = made["public"]["nodes"][1]
    assert first["intent"] == "First I write who sent it."
    assert first["evidence"] == ["t0001", "t0002"]
    assert made["private"]["skills"][0]["app"] == "Stockroom"


@pytest.mark.parametrize("shown", ["••••••••", "[password hidden]", "hunter22"])
def test_a_password_becomes_a_variable_and_is_not_written(shown: str) -> None:
    password = seen(3, "TYPE", "Password", kind="text field", value=shown, after=f"Password shows {shown}.")
    made = written(password)
    assert labels(made) == ['Enter {password} in "Password"']
    assert shown not in str(made)
    twice = [{**password, "timestamp_start_visual": f"00:00:{at:02d}"} for at in (3, 20, 40)]
    steps = [item for one in twice for item in (seen(seconds(one["timestamp_start_visual"]), "CLICK", "Log in"), one)]
    assert shown not in str(written(*steps))


def test_a_condition_is_a_decision_with_both_ways() -> None:
    made = written(
        seen(1, "CLICK", "P-102", kind="table row"),
        said(4, "Up to twenty kilos I may carry it myself."),
        said(8, "If the parcel is heavier than twenty kilos, I order a trolley."),
        seen(12, "CLICK", "Order trolley"),
        said(20, "Finally I close the list."),
        seen(22, "CLICK", "Close list"),
    )
    question = "Is the parcel heavier than twenty kilos?"
    assert leads(made, question) == {
        "yes": 'Click "Order trolley"',
        "no": "Carry it yourself (up to twenty kilos)",
    }
    assert leads(made, 'Click "Order trolley"') == {"next": 'Click "Close list"'}
    assert leads(made, "Carry it yourself (up to twenty kilos)") == {"next": 'Click "Close list"'}
    assert made["public"]["clarification_requests"] == []


def test_a_condition_that_is_only_spoken_asks_for_the_other_way() -> None:
    made = written(
        seen(1, "CLICK", "P-102", kind="table row"),
        said(4, "If the label is missing, call the harbour office."),
        seen(12, "CLICK", "Save delivery"),
    )
    assert leads(made, "Is the label missing?") == {
        "yes": "Call the harbour office",
        "no": 'Click "Save delivery"',
    }
    assert "the label is missing" in made["public"]["clarification_requests"][0]["question"]


def test_for_each_in_the_narration_is_a_loop_around_what_was_done() -> None:
    made = written(
        seen(1, "CLICK", "P-102", kind="table row"),
        seen(5, "CLICK", "Approve parcel"),
        said(7, "I repeat this for every parcel in the list."),
    )
    (loop,) = [node for node in made["public"]["nodes"] if node["type"] == "loop"]
    assert loop["iterator"] == "every parcel in the list"
    assert len(loop["children"]) == 2


def test_the_same_steps_again_are_a_loop_with_one_body() -> None:
    rounds = [
        item
        for n, number in enumerate(("P-101", "P-102", "P-103"))
        for item in (
            seen(10 * n + 1, "CLICK", number, kind="table row"),
            seen(10 * n + 4, "TYPE", "Weight", kind="text field", value=f"{n + 3} kg"),
            seen(10 * n + 7, "CLICK", "Save weight"),
        )
    ]
    made = written(seen(0, "CLICK", "Parcels", kind="link"), *rounds, seen(50, "CLICK", "Print list"))
    (loop,) = [node for node in made["public"]["nodes"] if node["type"] == "loop"]
    assert labels(made) == [
        'Click "Parcels"',
        loop["label"],
        'Open the row "P-101"',
        'Enter "3 kg" in "Weight"',
        'Click "Save weight"',
        'Click "Print list"',
    ]
    assert "P-103" in loop["context"]
    assert leads(made, loop["label"]) == {"next": 'Open the row "P-101"', "all_processed": 'Click "Print list"'}


def test_a_look_is_a_step_where_it_is_said_what_to_check() -> None:
    made = written(
        said(1, "Now I check the weight."),
        seen(3, "MOUSE_MOVE_TO_REGION", "12 kg", kind="text"),
        said(6, "Nice weather today."),
        seen(8, "MOUSE_MOVE_TO_REGION", "Shelf A", kind="text"),
        seen(12, "CLICK", "Save delivery"),
    )
    assert labels(made) == ['Check the weight: "12 kg"', 'Click "Save delivery"']


def test_the_title_is_what_the_narration_says_it_shows() -> None:
    made = written(said(0, "In this recording I show how we book a parcel."), seen(3, "CLICK", "Book"))
    assert made["meta"]["title"] == "Book a parcel"


def test_an_empty_transcript_asks_what_is_to_be_done() -> None:
    made = written()
    assert len(labels(made)) == 1
    assert made["public"]["clarification_requests"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Then I may approve it myself.", "Approve it yourself"),
        ("Up to 1,000 euros I may approve it myself.", "Approve it yourself (up to 1,000 euros)"),
        ("up to 1000 euro high may prove it", "Up to 1000 euro high may prove it"),
        ("Otherwise we call the office", "Call the office"),
    ],
)
def test_what_somebody_says_they_do_becomes_an_instruction(text: str, told: str) -> None:
    assert imperative(text) == told


@pytest.mark.parametrize(
    ("condition", "question"),
    [
        ("the amount is above 10", "Is the amount above 10?"),
        ("the parcel has a label", "Does the parcel have a label?"),
        ("somebody calls", "Does this hold: somebody calls?"),
    ],
)
def test_a_condition_becomes_a_question(condition: str, question: str) -> None:
    assert question_of(condition) == question


def test_a_german_condition_is_one() -> None:
    (sentence,) = sentences([said(1, "Wenn das Paket schwer ist, dann hole ich einen Wagen.")])
    assert (sentence.condition, sentence.consequence) == ("das Paket schwer ist", "hole ich einen Wagen")


_TEXTS = st.sampled_from(["Save", "Sender", "P-1", "", "Password", "if", "\u2028", "12 kg"])
_SAID = st.sampled_from(
    [
        "If it is late, we stop.",
        "Otherwise we go on.",
        "If the list is long, save it.",
        "We repeat this for each parcel.",
        "Finally I save.",
        "Now I check it.",
        "In this recording I show how to save.",
        "Up to ten.",
        "",
    ]
)
_ACTIONS = st.sampled_from(
    [
        *("CLICK", "TYPE", "PASTE", "KEYPRESS", "SCROLL_DOWN", "NAVIGATE_URL", "MODAL_OPEN", "SCREEN_UPDATE"),
        *("DRAG_END", "MOUSE_MOVE_TO_REGION", "X"),
    ]
)
_KINDS = st.sampled_from(["button", "text field", "table row", "checkbox"])
_ITEMS = st.lists(
    st.one_of(
        st.builds(seen, st.integers(0, 90), _ACTIONS, _TEXTS, kind=_KINDS, value=_TEXTS, chosen=_TEXTS),
        st.builds(said, st.integers(0, 90), _SAID),
        st.just({"verbatim_transcript_segment": None}),
        st.just({"action_type_observed": "CLICK"}),
    ),
    max_size=14,
)


@given(_ITEMS)
def test_whatever_the_transcript_holds_the_graph_keeps_the_rules(items: list[dict[str, Any]]) -> None:
    made = written(*items)
    names = {f"t{number:04d}" for number in range(len(items))}
    assert all(set(node["evidence"]) <= names for node in made["public"]["nodes"])
    assert made == read_procedure(numbered(*items))


def test_times_are_read_in_each_form() -> None:
    assert [seconds(stamp) for stamp in ("00:01:02.500", "01:02", "", None)] == [62.5, 62.0, 0.0, 0.0]


def test_what_only_shows_a_result_is_no_step() -> None:
    (step,) = steps_of([seen(1, "CLICK", "Save"), seen(2, "SCREEN_UPDATE", after="The screen shows Saved.")])
    assert "The screen shows Saved." in step.seen


def test_the_button_that_is_pointed_at_is_pressed_on_the_other_way() -> None:
    made = written(
        seen(1, "CLICK", "P-102", kind="table row"),
        said(4, "Up to twenty kilos I may prove it myself."),
        seen(6, "MOUSE_MOVE_TO_REGION", "Approve"),
        said(8, "If the parcel is heavier than twenty kilos, I order a trolley."),
        seen(12, "CLICK", "Order trolley"),
    )
    assert leads(made, "Is the parcel heavier than twenty kilos?")["no"] == 'Click "Approve"'


def test_a_choice_names_the_list_that_was_opened_for_it() -> None:
    made = written(
        seen(1, "CLICK", "Speed", kind="dropdown list"),
        seen(3, "CLICK", "Express", kind="option", chosen="Express"),
        seen(9, "CLICK", "Slow", kind="option", chosen="Slow"),
    )
    assert labels(made) == ['Choose "Express" in "Speed"', 'Choose "Slow"']
    assert made["public"]["variables"]["speed"] == "Express"


@pytest.mark.parametrize(
    ("text", "action"),
    [
        ("I save the list.", "Save the list"),
        ("and I click on send, reply.", "Click on send, reply"),
        ("At the end of the list I paste the number.", "Paste the number at the end of the list"),
        ("The contract ends in April, so I put it on my list.", "Put it on my list"),
        ("I'll open the first order.", "Open the first order"),
        ("Then I only untick it myself.", "Untick it yourself"),
        ("The message says that it was changed.", ""),
        ("I think that it is red.", ""),
        ("", ""),
    ],
)
def test_what_somebody_says_they_do_is_an_instruction(text: str, action: str) -> None:
    assert told_action(text) == action


@given(st.text(max_size=60))
def test_any_sentence_gives_one_line_or_none(text: str) -> None:
    action = told_action(f"I save {text}")
    assert action == action.strip()


def test_what_is_said_and_not_seen_is_a_step_of_its_own_in_its_place() -> None:
    made = written(
        said(1, "I open the first order."),
        seen(2, "CLICK", "SO-3101", kind="table row"),
        said(5, "I copy the number."),
        said(9, "And I save."),
        seen(10, "CLICK", "Save"),
    )
    assert labels(made) == ['Open the row "SO-3101"', "Copy the number", 'Click "Save"']
    told = made["public"]["nodes"][2]
    assert told["intent"] == 'Said: "I copy the number."'
    assert told["evidence"] == ["t0002"]


def test_what_is_not_understood_says_nothing() -> None:
    made = written(said(1, "[inaudible]"), seen(2, "CLICK", "Save"), said(5, "[inaudible]"))
    assert labels(made) == ['Click "Save"']
    assert "inaudible" not in str(made["public"]["nodes"])


def test_what_is_done_while_the_other_way_is_said_is_that_way() -> None:
    made = written(
        said(1, "If the customer is a hospital, I call them."),
        said(5, "Otherwise I write an answer."),
        seen(7, "TYPE", "Reply", kind="text field", value="It comes on Thursday."),
        said(11, "I click on send."),
        seen(12, "CLICK", "Send"),
    )
    assert leads(made, "Is the customer a hospital?") == {
        "yes": "Call the customer",
        "no": 'Enter "It comes on Thursday." in "Reply"',
    }
    assert leads(made, 'Enter "It comes on Thursday." in "Reply"') == {"next": 'Click "Send"'}


def test_a_scroll_is_named_by_what_is_said_about_it() -> None:
    made = written(
        said(1, "I scroll down to the chapter about hotels."),
        seen(3, "SCROLL_DOWN"),
        seen(20, "SCROLL_DOWN"),
    )
    assert labels(made) == ["Scroll down to the chapter about hotels", "Scroll until you see what you need"]


def test_another_program_is_named_by_what_is_said_about_it() -> None:
    made = written(
        said(1, "I switch to the text editor."),
        seen(3, "OPEN_APPLICATION", "calls.txt - Mousepad", kind="window"),
        said(9, "There it is."),
        seen(12, "OPEN_APPLICATION", "Kite CRM", kind="window"),
    )
    assert labels(made) == ["Switch to the text editor", 'Go to "Kite CRM"']
