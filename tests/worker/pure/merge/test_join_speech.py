"""Speech of two neighbouring chunks joined, so that each word is there once."""

import pytest

from runops.transcript import AudioItem
from runops_worker.transcription.merge.join_speech import joined_speech
from tests.worker.pure.items import said


def texts(earlier: list[AudioItem], later: list[AudioItem]) -> list[str]:
    return [item.verbatim_transcript_segment for item in joined_speech(earlier, later)]


def test_without_common_words_all_items_stay() -> None:
    earlier, later = [said(10, "Open it.")], [said(12, "Close a window.")]
    assert joined_speech(earlier, later) == [*earlier, *later]
    assert joined_speech([], later) == later
    assert joined_speech(earlier, []) == earlier


def test_an_item_that_does_not_change_stays_as_it_is_written() -> None:
    earlier = [said(10, "Open  the  door.", end=12), said(12, "Now  wait.", end=14)]
    later = [said(12, "now wait.", end=14), said(15, "Then  go.", end=16)]
    assert joined_speech(earlier, later) == [*earlier, said(15, "Then  go.", end=16)]


def test_a_sentence_across_the_seam_goes_from_the_start_of_one_to_the_end_of_the_other() -> None:
    earlier, later = [said(10, "Call the  team and", end=14)], [said(11, "the team and  wait", end=16)]
    assert joined_speech(earlier, later) == [said(10, "Call the team and wait", end=16)]


@pytest.mark.parametrize(
    ("earlier", "later", "joined"),
    [
        # A word that one of them did not understand is taken from the other, before the change and behind it.
        ("We [inaudible] the big team now", "We call the big team now and", "We call the big team now and"),
        ("open the door and wave bye", "the door and [inaudible] bye now", "open the door and wave bye now"),
        # The sign behind the last common word is that of the chunk that goes on.
        ("Save it.", "save it, then close", "Save it, then close"),
        ("Save (it)!?", "save it then", "Save (it then"),
        ("now save the purch", "save the purchasing team", "now save the purchasing team"),
        ("save the purchasing", "the purch. team", "save the purchasing. team"),
        # Words of one chunk only.
        ("open the blue door now", "the door now please", "open the blue door now please"),
        ("open the door now", "the blue door now please", "open the blue door now please"),
    ],
)
def test_words_around_the_change(earlier: str, later: str, joined: str) -> None:
    assert texts([said(10, earlier, end=14)], [said(11, later, end=15)]) == [joined]


def test_a_word_that_only_one_chunk_has_stays_in_its_item() -> None:
    earlier = [said(10, "Open the door.", end=12), said(12, "Wait here please.", end=14)]
    later = [said(10.5, "the door.", end=12), said(12, "Well.", end=12.5), said(12.5, "Wait here", end=14)]
    assert texts(earlier, later) == ["Open the door.", "Well.", "Wait here please."]


def test_words_of_the_later_chunk_stay_in_their_items() -> None:
    earlier = [said(10, "Open the big door.", end=13), said(13, "Wait here.", end=14)]
    later = [
        said(11, "the big door.", end=13),
        said(13, "Well.", end=13.2),
        said(13.2, "Hm.", end=13.4),
        said(13.4, "Wait here.", end=14),
    ]
    assert texts(earlier, later) == ["Open the big door.", "Well.", "Hm.", "Wait here."]


def test_an_item_in_which_a_word_was_not_understood_is_no_longer_the_earlier_one() -> None:
    earlier = [said(10, "We [inaudible] the big team now.", end=13), said(13, "Then stop.", end=14)]
    later = [said(10, "we call the big team now.", end=13), said(13, "Then stop.", end=14)]
    assert texts(earlier, later) == ["We call the big team now.", "Then stop."]


def test_where_only_one_chunk_ends_an_item_the_change_is_in_the_middle() -> None:
    earlier = [said(10, "alpha bravo.", end=11), said(11, "charlie delta echo foxtrot", end=13)]
    later = [said(10, "ALPHA BRAVO CHARLIE DELTA ECHO FOXTROT GOLF", end=13.5)]
    assert texts(earlier, later) == ["alpha bravo.", "charlie delta ECHO FOXTROT GOLF"]


def test_a_change_is_where_both_end_an_item_nearest_to_the_middle() -> None:
    earlier = [said(10, "one two.", end=11), said(11, "three four.", end=12), said(12, "five six.", end=13)]
    later = [said(10, "One two!", end=11), said(11, "Three four!", end=12), said(12, "Five six!", end=13)]
    assert texts(earlier, later) == ["one two.", "three four.", "Five six!"]


def test_no_item_starts_before_the_one_that_precedes_it() -> None:
    earlier = [said(12, "Open the door.", end=13), said(13, "Wait.", end=14)]
    later = [said(12, "the door.", end=13), said(11, "Wait.", end=11.5), said(11.2, "Go now.", end=11.6)]
    assert joined_speech(earlier, later)[-1] == said(12, "Go now.", end=12)
