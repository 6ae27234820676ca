"""What a chunk is told about the recording before it."""

import json

from hypothesis import given
from hypothesis import strategies as st

from runops.transcript import TranscriptItem
from runops_worker.transcription.so_far import MOST_CHARACTERS, so_far
from tests.worker.pure.items import clicked, said


def test_names_and_what_was_going_on_are_told() -> None:
    actions = [clicked(10, "Refresh"), clicked(288, "Orders 7"), clicked(290, "Save")]
    items: list[TranscriptItem] = [actions[0], said(280, "Now the order."), *actions[1:]]
    assert json.loads(so_far(items, start=295)) == {
        "until": "00:04:52",
        "in_front": "Editor",
        "latest_actions": ["CLICK Orders 7", "CLICK Save"],
        "latest_words": "Now the order.",
        "applications": ["Editor"],
        "names": ["Save", "Orders 7", "Refresh"],
    }


def test_what_is_long_over_is_not_told_as_going_on() -> None:
    items: list[TranscriptItem] = [said(280, "Now the order."), clicked(290, "Save")]
    assert json.loads(so_far(items, start=590)) == {"applications": ["Editor"], "names": ["Save"]}


def test_nothing_is_told_about_what_comes_later_or_where_nothing_is_known() -> None:
    assert so_far([], start=295) == ""
    assert so_far([clicked(296, "Save")], start=295) == ""
    assert so_far([said(10, "Hello.")], start=295) == ""
    unknown = clicked(290, "").model_copy(update={"application_in_focus": "unknown", "target_element_details": None})
    assert "unknown" not in json.loads(so_far([unknown], start=300)).get("applications", [])


def test_characters_that_take_six_in_json_count_as_six() -> None:
    noise = "\x01" * 400
    items = [clicked(at, f"{at}{noise}").model_copy(update={"application_in_focus": f"{at}{noise}"}) for at in range(9)]
    assert len(so_far(items, start=9)) <= MOST_CHARACTERS


@given(st.lists(st.tuples(st.integers(0, 300), st.text(max_size=400)), max_size=60), st.integers(0, 330))
def test_it_is_json_and_never_longer_than_it_may_be(texts: list[tuple[int, str]], start: int) -> None:
    items: list[TranscriptItem] = []
    for at, text in sorted(texts):
        items += [clicked(at, text).model_copy(update={"application_in_focus": text}), said(at, text)]
    told = so_far(items, start=start)
    assert len(told) <= MOST_CHARACTERS
    assert told == "" or json.loads(told)
