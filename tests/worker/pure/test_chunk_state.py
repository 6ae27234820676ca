"""The saved state of a chunk, and what was lost opened again."""

import pytest

from runops_worker.checkpoint.format import ChunkState, LostRange, Trouble
from runops_worker.transcription.chunk_state import about_clip, begun, is_usable, with_lost_ranges_open
from tests.worker.pure.chunk_answers import CHUNK, IDLE, asked_first, clicks, played, refusing, shown, whole


def test_lost_ranges_can_be_asked_about_again() -> None:
    state = played(refusing(70))
    again = with_lost_ranges_open(state)
    assert shown(again.open) == "again 1039-1078"
    assert (again.lost, again.calls, again.answered) == ((), 0, state.answered)


def test_a_lost_range_is_asked_about_from_the_whole_second_in_which_it_begins() -> None:
    lost = LostRange(start=1068.5, end=1101.0, trouble=Trouble(reason="not_covered", detail=""))
    again = with_lost_ranges_open(played(refusing(70)).model_copy(update={"lost": (lost,)}))
    assert [(question.start, question.end) for question in again.open] == [(1068.0, 1101.0)]


def test_a_saved_state_is_not_used_if_it_has_something_that_is_not_an_item_or_is_of_an_older_version() -> None:
    state = asked_first(whole(*clicks(0)), IDLE)
    assert is_usable(state)
    (part,) = state.answered
    spoilt = part.model_copy(update={"items": [{"odd": 1}]})
    assert not is_usable(state.model_copy(update={"answered": (spoilt,)}))
    assert not is_usable(ChunkState.model_validate({"key": "k", "items": [{"of the previous": "version"}]}))
    assert is_usable(begun("k", CHUNK))


@pytest.mark.parametrize(
    ("is_doubted", "clip", "is_kept"), [(False, "a", True), (False, "b", True), (True, "a", True), (True, "b", False)]
)
def test_what_is_known_of_a_chunk_is_kept_unless_it_is_doubted_and_about_another_clip(
    clip: str, *, is_doubted: bool, is_kept: bool
) -> None:
    fresh = begun("k", CHUNK)
    saved = fresh.model_copy(update={"calls": 3, "clip_sha256": "a", "is_doubted": is_doubted})
    assert about_clip(clip, saved, fresh).model_dump() == {
        **(saved if is_kept else fresh).model_dump(),
        "clip_sha256": clip,
        "is_doubted": False,
    }
