"""Overlapping chunks make one transcript."""

from collections.abc import Sequence

import pytest

from runops.transcript import AudioItem, TranscriptItem, VisualItem, timestamp
from runops_worker.transcription.merge.chunk_transcript import ChunkTranscript
from runops_worker.transcription.merge.merge import merged
from tests.worker.pure.items import clicked, said, typed


def seam(earlier: Sequence[TranscriptItem], later: Sequence[TranscriptItem]) -> list[TranscriptItem]:
    """Return what is merged of the first 300 s, and of the chunk that begins 5 s before their end."""
    return merged([ChunkTranscript(295, 595, later), ChunkTranscript(0, 300, earlier)])


def screen(at: float, text: str, *, application: str = "Editor") -> VisualItem:
    return VisualItem(
        timestamp_start_visual=timestamp(at),
        application_in_focus=application,
        action_type_observed="SCREEN_UPDATE",
        screen_region_description_pre_action="",
        screen_region_description_post_action=text,
    )


def spoken(at: float, end: float, words: str) -> AudioItem:
    return AudioItem(
        timestamp_start_audio=timestamp(at), timestamp_end_audio=timestamp(end), verbatim_transcript_segment=words
    )


def texts(items: Sequence[TranscriptItem]) -> list[str]:
    return [item.verbatim_transcript_segment for item in items if isinstance(item, AudioItem)]


def test_items_are_in_the_time_of_the_recording_and_in_order() -> None:
    assert seam([said(50, "second"), said(2, "first")], [said(100, "third")]) == [
        said(2, "first"),
        said(50, "second"),
        said(395, "third"),
    ]
    assert merged([]) == []


# Actions


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        (clicked(296, "Next page"), clicked(1, "Next page")),
        # Times of two chunks may be wrong by 1.5 s each.
        (clicked(296, "Next page"), clicked(4, "Next page")),
        (clicked(299, "Next page"), clicked(1, "Next page")),
        # The first and the last second at which an item of the other chunk may be the same action.
        (clicked(292, "Next page"), clicked(0, "Next page")),
        (clicked(300, "Next page"), clicked(8, "Next page")),
        (clicked(296, "Next page"), clicked(1, "next page…")),
        (clicked(296, "Confirm delivery"), clicked(1, "Confirm delivry")),
        (clicked(296, "+ New"), clicked(1, "New")),
        (clicked(296, "Create purch…"), clicked(1, "Create purchase order")),
        (clicked(296, "Create purchase order"), clicked(1, "Create purchase order button")),
        (typed(296, "1,250.00"), typed(1, "1,250.00")),
        (clicked(296, "Save"), clicked(1, "Save").model_copy(update={"application_in_focus": "Web browser"})),
        (clicked(296, "Save"), clicked(1, "Save").model_copy(update={"target_element_details": None})),
        (screen(296, "The list of open orders appears."), screen(1, "Open orders are shown in a list.")),
        (screen(296, "Message 4711 appears."), screen(1, "A message about 4711 is shown.")),
    ],
)
def test_one_action_that_two_chunks_report_is_one(earlier: TranscriptItem, later: TranscriptItem) -> None:
    assert len(seam([earlier], [later])) == 1


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        (clicked(296, "Order 4711 Miller"), clicked(1, "Order 4712 Miller")),
        (clicked(296, "Order 4711"), clicked(1, "Order")),
        (clicked(296, "Miller Ltd, Berlin"), clicked(1, "Schmidt Ltd, Berlin")),
        (clicked(296, "Save"), clicked(1, "Save all")),
        (clicked(296, "Save…"), clicked(1, "Save all")),
        (clicked(296, "Jan"), clicked(1, "Jun")),
        (clicked(296, "Enable"), clicked(1, "Disable")),
        (clicked(296, "Approved"), clicked(1, "Not approved")),
        (clicked(296, "Next page"), clicked(4.1, "Next page")),
        (clicked(296, "Next"), typed(1, "Next")),
        (typed(296, "12", end=297), typed(1, "97", end=2)),
        (typed(296, "1,250.00"), typed(1, "1,350.00")),
        # Nothing was going on at the end of the chunk, so this is no beginning.
        (typed(296, "Jo", end=297), typed(2, "John Smith", end=3)),
        (screen(296, "Message 4711 appears."), screen(1.5, "Message 4712 appears.")),
        (screen(296, "The order is saved."), screen(1.5, "A list loads.")),
    ],
)
def test_two_actions_at_a_seam_stay_two(earlier: TranscriptItem, later: TranscriptItem) -> None:
    assert len(seam([earlier], [later])) == 2


def test_two_equal_clicks_in_the_overlap_stay_two() -> None:
    assert len(seam([clicked(296, "Next"), clicked(298, "Next")], [clicked(1, "Next"), clicked(3, "Next")])) == 2
    # Each is nearer to the other one than to itself.
    assert len(seam([clicked(296, "Next"), clicked(298, "Next")], [clicked(2.5, "Next"), clicked(4, "Next")])) == 2


def test_an_action_that_one_chunk_leaves_out_at_its_edge_is_kept() -> None:
    first, second, third = "Orders 1", "Orders 2", "Orders 3"
    items = seam([clicked(295.5, first), clicked(297, second)], [clicked(2.5, second), clicked(4.5, third)])
    assert items == [clicked(295.5, first), clicked(297, second), clicked(299.5, third)]


def test_actions_whose_times_are_swapped_in_one_chunk_are_paired_all_the_same() -> None:
    items = seam([clicked(296, "Refresh"), clicked(297, "Export")], [clicked(1, "Export"), clicked(2, "Refresh")])
    assert items == [clicked(296, "Refresh"), clicked(297, "Export")]


def test_of_several_that_an_action_may_be_the_one_with_the_same_words_is_taken_then_the_nearest() -> None:
    earlier = [clicked(296, "Confirm delivery"), clicked(298, "Confirm deliverys")]
    assert seam(earlier, [clicked(2, "Confirm deliverys"), clicked(8, "Other")]) == [*earlier, clicked(303, "Other")]


def test_what_a_chunk_reports_after_a_common_action_stays_behind_it() -> None:
    items = seam([clicked(298, "Refresh")], [clicked(1.5, "Refresh"), clicked(2, "Orders 7")])
    assert items == [clicked(298, "Refresh"), clicked(298, "Orders 7")]


@pytest.mark.parametrize(
    ("later", "moved"),
    [
        (clicked(2.1, "Orders 7"), clicked(299.9, "Orders 7")),
        (typed(2.1, "x", end=3), typed(299.9, "x", end=299.9)),
        (typed(2.1, "x", end=9), typed(299.9, "x", end=304)),
        (typed(6, "x", end=9), typed(301, "x", end=304)),
    ],
)
def test_an_action_that_moves_behind_a_common_one_ends_no_earlier_than_it_starts(
    later: VisualItem, moved: VisualItem
) -> None:
    assert seam([clicked(299.9, "Refresh")], [clicked(2, "Refresh"), later]) == [clicked(299.9, "Refresh"), moved]


def test_an_action_in_the_first_second_of_the_recording_stays_there() -> None:
    chunks = [ChunkTranscript(0, 40, [clicked(20, "Export")]), ChunkTranscript(0, 100, [clicked(0.5, "Refresh")])]
    assert merged(chunks) == [clicked(0.5, "Refresh"), clicked(20, "Export")]


def test_a_report_that_was_kept_is_still_one_of_its_own_chunk() -> None:
    whole, without_value = typed(298, "x", end=300), typed(3, "x").model_copy(update={"data_input_observed": None})
    chunks = [ChunkTranscript(0, 300, [whole]), ChunkTranscript(295, 595, [without_value])]
    assert merged(chunks) == [whole]
    # It reaches the end of its chunk, so a third report that sees more of it has its end.
    assert merged([*chunks, ChunkTranscript(296, 400, [typed(2, "x", end=6)])]) == [typed(298, "x", end=302)]


@pytest.mark.parametrize(
    ("earlier", "later", "left"),
    [
        # The action goes on after the chunk, so the later one has all of it.
        (typed(299, "Jo"), typed(4, "John Smith"), typed(299, "John Smith")),
        (typed(298, "John Smith", end=299.0), typed(3, "John Smith", end=5), typed(298, "John Smith", end=300)),
        (typed(298, "John Smith", end=298.9), typed(3, "John Smith", end=5), typed(298, "John Smith", end=298.9)),
        # The earlier one was written with what led up to it.
        (typed(296, "John", end=297), typed(1, "John", end=3), typed(296, "John", end=297)),
        (clicked(296, "Create purch…"), clicked(1, "Create purchase order"), clicked(296, "Create purchase order")),
        (clicked(299, "Create purchase order"), clicked(4, "Create purch…"), clicked(299, "Create purchase order")),
        (clicked(296, "Save"), clicked(1, ""), clicked(296, "Save")),
        (clicked(296, ""), clicked(1, "Save"), clicked(296, "Save")),
        (typed(299, "John", end=299.5), typed(1, "John", end=2), typed(299, "John", end=299)),
    ],
)
def test_of_two_reports_of_one_action_the_more_complete_one_is_kept(
    earlier: TranscriptItem, later: TranscriptItem, left: TranscriptItem
) -> None:
    assert seam([earlier], [later]) == [left]


# The item by which each chunk begins


def test_the_item_at_the_start_of_a_chunk_is_kept_only_at_the_start_of_the_recording() -> None:
    opening = screen(0, "A table of orders is shown.", application="Web browser - ERP")
    items = seam([opening, clicked(290, "Refresh")], [opening, clicked(9, "Export")])
    assert items == [opening, clicked(290, "Refresh"), clicked(304, "Export")]


def test_a_change_of_the_screen_near_a_seam_is_kept() -> None:
    changed = screen(296, "A sheet with prices is shown.", application="Microsoft Excel")
    opening = screen(0, "A table of orders is shown.")
    assert seam([clicked(290, "Refresh"), changed], [opening, screen(1, "The price sheet")]) == [
        clicked(290, "Refresh"),
        changed,
    ]


def test_an_opening_item_that_shows_what_the_earlier_chunk_missed_is_kept() -> None:
    opening = screen(0, "A sheet with prices is shown.", application="Microsoft Excel")
    before = [
        screen(at, "The table of open orders.", application="Google Chrome - Orders overview") for at in (200, 250, 280)
    ]
    assert len(seam(before, [opening])) == 4
    # Its application is only named differently, or its screen is described with the same words.
    assert len(seam(before, [screen(0, "A sheet.", application="Web browser - ERP")])) == 3
    assert len(seam(before, [screen(0, "Table of open orders.", application="ERP")])) == 3
    assert len(seam(before, [screen(0, "A sheet.", application="unknown")])) == 3
    # The earlier chunk reports the change a little later.
    changed = screen(297, "The price sheet", application="Excel")
    assert len(seam([*before, changed], [opening])) == 4


@pytest.mark.parametrize(
    ("other_screens_at", "is_kept"),
    [
        # Of what was seen more than 3 s before the chunk, the last three count, and all that was seen within 3 s.
        ([275, 280, 292], False),
        ([293, 294, 296], False),
        ([275, 280, 291.999], True),
    ],
)
def test_the_opening_item_is_compared_with_what_was_seen_before_and_around_it(
    other_screens_at: list[float], is_kept: bool
) -> None:
    same = screen(270, "Totals.", application="Excel")
    others = [screen(at, "The table of open orders.", application="Orders overview") for at in other_screens_at]
    opening = screen(0, "A sheet with prices is shown.", application="Microsoft Excel")
    assert len(seam([same, *others], [opening])) == 4 + is_kept


def test_the_opening_item_is_compared_with_what_the_earlier_chunk_sees_three_seconds_later() -> None:
    before = screen(280, "The table of open orders.", application="Orders overview")
    opening = screen(0, "A sheet with prices is shown.", application="Microsoft Excel")
    assert len(seam([before, screen(298, "Totals.", application="Excel")], [opening])) == 2
    assert len(seam([before, screen(298.001, "Totals.", application="Excel")], [opening])) == 3


def test_a_screen_update_one_second_after_the_start_is_the_opening_item() -> None:
    assert seam([clicked(280, "Export")], [screen(1, "A sheet.")]) == [clicked(280, "Export")]


@pytest.mark.parametrize(
    "item",
    [clicked(0, "Refresh"), typed(0, "x"), screen(1.1, "A sheet.")],
)
def test_only_a_screen_update_at_the_very_start_is_an_opening_item(item: VisualItem) -> None:
    assert len(seam([clicked(280, "Export")], [item])) == 2


def test_after_a_gap_the_opening_item_tells_where_the_recording_goes_on() -> None:
    opening = screen(0, "The table of open orders.")
    assert merged([ChunkTranscript(0, 100, [opening]), ChunkTranscript(101, 300, [opening])]) == [
        opening,
        screen(101, "The table of open orders."),
    ]
    assert len(merged([ChunkTranscript(0, 101, [opening]), ChunkTranscript(101, 300, [opening])])) == 1


# Speech


def test_a_sentence_across_a_seam_becomes_whole() -> None:
    earlier = [spoken(288, 300, "Then you open the order and check the supplier and if the supplier is new you call")]
    later = [spoken(0, 8, "if the supplier is new you call the purchasing team first"), spoken(9, 11, "That is all.")]
    assert seam(earlier, later) == [
        spoken(
            288,
            303,
            "Then you open the order and check the supplier and if the supplier is new you call "
            "the purchasing team first",
        ),
        spoken(304, 306, "That is all."),
    ]


@pytest.mark.parametrize(
    ("earlier", "later", "left"),
    [
        (spoken(299, 300, "And now we."), spoken(4, 6, "And now we open the door."), ["And now we open the door."]),
        (spoken(296, 298, "Open the door."), spoken(1.5, 3, "open the door"), ["Open the door."]),
        (spoken(298, 300, "Open the door."), spoken(3, 5, "Open the"), ["Open the door."]),
        (spoken(290, 299, "Save it - and"), spoken(0, 8, "it - and then close..."), ["Save it - and then close..."]),
        (spoken(296, 298, "Open the door"), spoken(1, 3, "Close a window"), ["Open the door", "Close a window"]),
        # A word at the edge was heard in part.
        (spoken(296, 300, "Call the purch"), spoken(0.5, 9, "the purchasing team"), ["Call the purchasing team"]),
        (spoken(296, 300, "Call the team [inaudible]"), spoken(1, 5, "the team first"), ["Call the team first"]),
        (spoken(296, 300, "We call the team"), spoken(1, 5, "[inaudible] call the team"), ["We call the team"]),
        # No spaces between words.
        (
            spoken(290, 300, "次に注文一覧を開いて"),
            spoken(1, 9, "一覧を開いて確認します。"),
            ["次に注文一覧を開いて確認します。"],
        ),
        (spoken(290, 300, "Étape un, on ouvre"), spoken(3, 9, "on ouvre la liste"), ["Étape un, on ouvre la liste"]),
        # A number that differs is another number.
        (spoken(297, 299, "order 4711"), spoken(2, 4, "4712 is next"), ["order 4711", "4712 is next"]),
        # The same words much later were said again.
        (spoken(290, 295.5, "we save"), spoken(8, 12, "we save it"), ["we save", "we save it"]),
        (spoken(296, 298, "♪"), spoken(1, 3, "Hello."), ["♪", "Hello."]),
    ],
)
def test_speech_in_the_overlap_is_there_once(earlier: AudioItem, later: AudioItem, left: list[str]) -> None:
    assert texts(seam([earlier], [later])) == left


def test_sentences_that_both_chunks_end_stay_as_the_earlier_one_has_them() -> None:
    earlier = [spoken(290, 296, "First one thing."), spoken(296, 298.5, "Then another.")]
    later = [spoken(0.5, 1.5, "thing."), spoken(1.5, 3.5, "then another!"), spoken(4, 9, "And a third.")]
    assert seam(earlier, later) == [*earlier, spoken(299, 304, "And a third.")]


def test_speech_that_ends_six_seconds_before_the_seam_is_there_once() -> None:
    earlier = [spoken(287, 289, "Good morning."), spoken(296, 298, "Open the door.")]
    assert texts(seam(earlier, [spoken(1, 3, "Open the door.")])) == ["Good morning.", "Open the door."]


def test_a_sentence_that_only_one_chunk_has_is_kept() -> None:
    earlier = [
        spoken(294, 297, "Open the first order."),
        spoken(297, 298, "Good."),
        spoken(298, 300, "Save the order."),
    ]
    later = [spoken(0, 2, "the first order"), spoken(3, 5, "Save the order."), spoken(5, 7, "Close it.")]
    assert texts(seam(earlier, later)) == ["Open the first order.", "Good.", "Save the order.", "Close it."]


def test_speech_and_actions_are_not_compared() -> None:
    assert len(seam([said(299, "Open the door.")], [clicked(4, "Open the door.")])) == 2


# Parts that were asked about again


def test_a_part_within_a_chunk_fills_its_hole() -> None:
    whole = ChunkTranscript(
        0,
        300,
        [
            clicked(95, "Orders 1"),
            clicked(205, "Orders 2"),
            spoken(90, 101, "first we open the list of orders and then"),
            spoken(199, 210, "to the manager and wait for an answer"),
        ],
    )
    part = ChunkTranscript(
        98,
        202,
        [
            screen(0, "The list of orders."),
            clicked(50, "Orders 7"),
            spoken(0, 9, "and then we check each one of them"),
            spoken(60, 70, "there is nothing to do here"),
            spoken(96, 104, "we write an email to the manager"),
        ],
    )
    items = merged([part, whole])
    assert [item for item in items if isinstance(item, VisualItem)] == [
        clicked(95, "Orders 1"),
        clicked(148, "Orders 7"),
        clicked(205, "Orders 2"),
    ]
    assert texts(items) == [
        "first we open the list of orders and then we check each one of them",
        "there is nothing to do here",
        "we write an email to the manager and wait for an answer",
    ]


_LONG = "now we look at each of the many orders that came in during the long night before"


def test_what_a_chunk_says_in_the_middle_of_a_part_is_there_once() -> None:
    whole = ChunkTranscript(0, 300, [spoken(150, 151, "Good morning.")])
    part = ChunkTranscript(100, 200, [spoken(70, 80, _LONG)])
    assert texts(merged([whole, part])) == ["Good morning.", _LONG]


def test_speech_in_the_first_half_of_a_part_is_joined_with_how_the_part_begins() -> None:
    whole = ChunkTranscript(0, 300, [spoken(120, 122, "First we open the list")])
    part = ChunkTranscript(100, 200, [spoken(20, 22, "we open the list."), spoken(70, 80, _LONG)])
    assert texts(merged([whole, part])) == ["First we open the list", _LONG]


def test_a_part_that_ends_with_its_chunk_goes_on_where_the_chunk_stopped() -> None:
    whole = ChunkTranscript(0, 300, [spoken(290, 296, "Call the team and")])
    part = ChunkTranscript(200, 300, [spoken(91, 100, "the team and wait for an answer.")])
    assert merged([whole, part]) == [spoken(290, 300, "Call the team and wait for an answer.")]


def test_a_rest_that_begins_where_the_answer_broke_off_repeats_nothing() -> None:
    broken = ChunkTranscript(0, 180, [clicked(100, "Refresh"), clicked(180.4, "Orders 5")])
    rest = ChunkTranscript(180, 300, [screen(0, "A table."), clicked(0.5, "Orders 5"), clicked(9, "Export")])
    assert merged([broken, rest]) == [clicked(100, "Refresh"), clicked(180.4, "Orders 5"), clicked(189, "Export")]
