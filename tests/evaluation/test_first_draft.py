"""A gold recording that is started from a transcript."""

import pytest

from runops.transcript import AudioItem, DataInput, TargetElement, TranscriptItem, VisualItem
from runops_evaluation.drafting.first_draft import draft_events, steps_of
from runops_evaluation.gold.events import Event, Speech
from runops_evaluation.gold.recording import GoldRecording
from tests.evaluation.gold_set import all_gold, perfect_items


def seen(at: str, kind: str = "CLICK", *, end: str | None = None, text: str | None = None, **given: str) -> VisualItem:
    return VisualItem(
        timestamp_start_visual=at,
        timestamp_end_visual=end,
        application_in_focus="  ",
        action_type_observed=kind,
        target_element_details=None
        if text is None
        else TargetElement(element_type_guess="button", element_visible_text=text),
        data_input_observed=DataInput(**given) if given else None,
        screen_region_description_pre_action="",
        screen_region_description_post_action="",
    )


def said(start: str, end: str, text: str) -> AudioItem:
    return AudioItem(timestamp_start_audio=start, timestamp_end_audio=end, verbatim_transcript_segment=text)


def events_of(*items: TranscriptItem) -> tuple[Event, ...]:
    return draft_events(items, {}, duration=60)[0].events


@pytest.mark.parametrize("gold", all_gold(), ids=lambda gold: gold.name)
def test_a_right_transcript_gives_the_true_events(gold: GoldRecording) -> None:
    drafted, left_out = draft_events(perfect_items(gold), {}, duration=gold.about.duration)
    true = [event for event in gold.events.events if event.target is not None or event.kind != "SCREEN_UPDATE"]
    assert [(one.kind, one.target, one.value) for one in drafted.events] == [
        (one.kind, one.target, one.value) for one in true
    ]
    assert [one.at for one in drafted.events] == pytest.approx([one.at for one in true], abs=0.001)
    assert [one.text for one in drafted.speech] == [one.text for one in gold.events.speech]
    assert left_out >= len(gold.events.screen)


def test_what_is_not_known_is_left_open() -> None:
    unread = seen("00:00:04").model_copy(
        update={"target_element_details": TargetElement(element_type_guess="icon", element_visible_text=None)}
    )
    assert events_of(seen("00:00:03", text="   "), unread) == (
        Event(at=3, kind="CLICK", application="unknown"),
        Event(at=4, kind="CLICK", application="unknown"),
    )


@pytest.mark.parametrize("field", ["typed_characters", "pasted_text_observed", "selected_value_observed"])
def test_what_was_given_is_the_value(field: str) -> None:
    assert events_of(seen("00:00:03", "TYPE", end="00:00:05", text="Name", **{field: "Ada"})) == (
        Event(at=3, until=5, kind="TYPE", application="unknown", target="Name", value="Ada"),
    )


def test_an_instant_has_no_end() -> None:
    assert events_of(seen("00:00:03", end="00:00:03"))[0].until is None


def test_a_change_without_a_text_is_counted_and_left_out() -> None:
    items = [seen("00:00:00", "SCREEN_UPDATE"), seen("00:00:02", "SCREEN_UPDATE", text="Saved.")]
    drafted, left_out = draft_events(items, {}, duration=60)
    assert [event.target for event in drafted.events] == ["Saved."]
    assert left_out == 1


def test_no_time_is_after_the_end_and_all_are_in_order() -> None:
    items: list[TranscriptItem] = [
        seen("00:01:10", end="00:01:20"),
        said("00:00:58", "00:01:09", " Done. "),
        said("00:00:50", "00:00:49", ""),
    ]
    drafted, _ = draft_events([*items, seen("00:00:10")], {}, duration=60)
    assert [event.at for event in drafted.events] == [10, 60]
    assert drafted.events[1].until is None
    assert drafted.speech == (Speech(start=58, end=60, text="Done."),)


def test_items_have_the_step_that_names_them() -> None:
    evidence = {
        "format": 1,
        "nodes": {
            "search": [{"id": "t0001", "kind": "visual", "start": "00:00:03", "end": "00:00:03"}],
            "open": [
                {"id": "t0001", "kind": "visual", "start": "00:00:03", "end": "00:00:03"},
                {"id": "t0002", "kind": "audio", "start": "00:00:04", "end": "00:00:06"},
                "no item",
            ],
            "odd": 7,
        },
    }
    steps = steps_of(evidence)
    drafted, _ = draft_events([seen("00:00:03"), said("00:00:04", "00:00:06", "So.")], steps, duration=60)
    assert drafted.events[0].step == "search"
    assert drafted.speech[0].step == "open"


@pytest.mark.parametrize("evidence", [None, [], "text", {}, {"nodes": None}, {"nodes": []}])
def test_without_evidence_there_are_no_steps(evidence: object) -> None:
    assert steps_of(evidence) == {}
