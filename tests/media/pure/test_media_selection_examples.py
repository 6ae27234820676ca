"""Which pictures are decoded, in small examples. Times are in tenths of a second; the slim video has one per second."""

from collections.abc import Sequence
from fractions import Fraction

import pytest

from runops_worker.media.probe.pictures import Pictures
from runops_worker.media.transcode.selection import Selection, select

TENTH = Fraction(1, 10)


def pictures(
    times: Sequence[int],
    *,
    fresh: Sequence[int] = (0,),
    references: Sequence[int] | None = None,
    hidden: Sequence[int] = (),
) -> Pictures:
    every = range(len(times))
    referred = every if references is None else references
    return Pictures(
        times=times,
        unit=TENTH,
        fresh=[int(index in fresh) for index in every],
        references=[int(index in referred) for index in every],
        hidden=[int(index in hidden) for index in every],
    )


def chosen(what: Pictures, *, fps: int = 1) -> Selection:
    selection = select(what, fps=fps)
    assert selection is not None
    return selection


def kept(what: Pictures) -> list[int]:
    return [index for index, keep in enumerate(chosen(what).keep) if keep]


@pytest.mark.parametrize(
    ("what", "places", "times"),
    [
        # A picture exactly at a second is shown then; of those between two seconds the last one is.
        (pictures([0, 5, 10, 15, 20]), [0, 1, 2], [0, 10, 20]),
        (pictures([0, 4, 9, 11, 19]), [0, 1, 2], [0, 9, 19]),
        # A still screen: nothing begins for three seconds.
        (pictures([0, 1, 40]), [0, 1, 4], [0, 1, 40]),
        # Decoding order is not the order of the times.
        (pictures([0, 10, 5, 20, 15]), [0, 1, 2], [0, 10, 20]),
        # The first picture is shown from 0 on, also if it begins later or before.
        (pictures([7, 12]), [0, 1, 2], [7, 7, 12]),
        (pictures([25, 31]), [0, 3, 4], [25, 25, 31]),
        (pictures([-20, -10, 5]), [0, 1], [-10, 5]),
        (pictures([-5, 1]), [0, 1], [-5, 1]),
        (pictures([0]), [0], [0]),
        # A hidden picture is decoded and never shown.
        (pictures([0, 9, 10, 20], hidden=[2]), [0, 1, 2], [0, 9, 20]),
        (pictures([-10, 0, 10], hidden=[0]), [0, 1], [0, 10]),
    ],
)
def test_each_second_shows_the_last_picture_that_began_by_then(
    what: Pictures, places: list[int], times: list[int]
) -> None:
    selection = chosen(what)
    assert (list(selection.places), list(selection.times)) == (places, times)
    assert selection.unit == TENTH


def test_with_more_pictures_per_second_places_are_closer() -> None:
    selection = chosen(pictures([0, 2, 5, 6, 10]), fps=2)
    assert list(selection.places) == [0, 1, 2]
    assert list(selection.times) == [0, 5, 10]


def test_a_unit_of_more_than_a_second_is_counted_as_one() -> None:
    what = pictures([0, 1, 2])
    slow = Pictures(
        times=what.times, unit=Fraction(3, 2), fresh=what.fresh, references=what.references, hidden=what.hidden
    )
    assert list(chosen(slow).places) == [0, 2, 3]


def test_a_place_shows_the_picture_of_the_last_entry_before_it() -> None:
    selection = Selection(keep=b"", pictures=0, places=[0, 2, 5], times=[1, 4, 9], unit=TENTH)
    shown = [selection.shown(place) / TENTH for place in range(8)]
    assert shown == [1, 1, 4, 4, 4, 9, 9, 9]
    late = Selection(keep=b"", pictures=0, places=[1, 2], times=[3, 4], unit=TENTH)
    assert late.shown(0) == 3 * TENTH


@pytest.mark.parametrize(
    "what",
    [
        pytest.param(pictures([]), id="no picture"),
        pytest.param(pictures([0, 10], hidden=[0, 1]), id="all hidden"),
        pytest.param(pictures([0, 10], fresh=[1]), id="the first one cannot be decoded"),
        pytest.param(pictures([0, 10], fresh=[]), id="none can be decoded alone"),
        pytest.param(pictures([0, 5, 5, 10]), id="two at one time"),
        pytest.param(pictures([0, 9, 5, 9]), id="two at one time, apart in decoding order"),
    ],
)
def test_without_certainty_nothing_is_chosen(what: Pictures) -> None:
    assert select(what, fps=1) is None


def test_a_hidden_picture_may_have_the_time_of_another() -> None:
    assert list(chosen(pictures([0, 5, 5, 10], hidden=[1])).times) == [0, 10]


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        # Shown: 0, 4 (second 1) and 7 (last). No other picture refers to 1, 2, 3, 5.
        pytest.param(pictures([0, 2, 4, 6, 10, 14, 18, 20], references=[0, 4]), [0, 4, 6, 7], id="no reference"),
        # The last two pictures are kept whatever refers to them: the length of the last one may depend on them.
        pytest.param(pictures([0, 1, 2, 3], references=[0]), [0, 2, 3], id="the last two"),
        pytest.param(pictures([0, 3, 2, 1], references=[0]), [0, 1, 2], id="the last two by time"),
        pytest.param(pictures([0, 2, 9, 14, 20, 21], references=[0, 1]), [0, 1, 2, 4, 5], id="shown and no reference"),
        # Each group but the last ends with pictures that are not shown.
        pytest.param(
            pictures([0, 2, 10, 20, 22, 30, 32, 34, 40], fresh=[0, 2, 3, 5, 8]),
            [0, 2, 3, 5, 6, 7, 8],
            id="the end of a group",
        ),
        # The picture at 1.2 s is a reference, but it is decoded after the last one that is shown.
        pytest.param(pictures([0, 10, 20, 19, 12]), [0, 1, 2, 3], id="the end of the last group"),
        # Nothing of the second group is shown.
        pytest.param(pictures([0, 10, 11, 12, 20, 21], fresh=[0, 2, 4]), [0, 1, 4, 5], id="a whole group"),
    ],
)
def test_only_what_is_shown_and_what_it_refers_to_is_decoded(what: Pictures, expected: list[int]) -> None:
    assert kept(what) == expected


# The second group begins with the key at 2.5 s. Its leading pictures are those at 1.6, 1.8 and 2.2 s.
@pytest.mark.parametrize(
    ("times", "fresh", "references", "expected"),
    [
        # Second 2 shows a leading picture: all references of group 1 are needed, and those among the leading ones.
        pytest.param(
            [0, 4, 10, 14, 25, 16, 18, 22, 30, 40, 41],
            [0, 4],
            [0, 1, 2, 3, 4, 5, 8, 9],
            [0, 1, 2, 3, 4, 5, 6, 8, 9, 10],
            id="a leading picture is shown",
        ),
        # The last one of group 1 is not a reference.
        pytest.param(
            [0, 4, 10, 14, 25, 16, 18, 22, 30, 40, 41],
            [0, 4],
            [0, 1, 2, 4, 8, 9],
            [0, 1, 2, 4, 6, 8, 9, 10],
            id="a leading picture is shown and some are not references",
        ),
        # Second 2 shows the last picture before the group, and second 3 one after the key.
        pytest.param(
            [0, 10, 20, 21, 25, 22, 23, 24, 26, 30, 40, 41],
            [0, 4],
            range(12),
            [0, 1, 2, 4, 8, 9, 10, 11],
            id="no leading picture is shown",
        ),
        # The same, and the picture that is shown is the last one of its group.
        pytest.param(
            [0, 10, 20, 25, 22, 23, 26, 30, 31], [0, 3], range(9), [0, 1, 2, 3, 6, 7, 8], id="the last one of a group"
        ),
        # The first leading picture directly follows the key.
        pytest.param([0, 10, 25, 20, 30, 31], [0, 2], [0, 1, 2], [0, 1, 2, 3, 4, 5], id="directly after the key"),
        # Group 3 refers back to group 2, but group 2 does not refer back to group 1.
        pytest.param(
            [0, 1, 10, 12, 14, 25, 20, 30, 31],
            [0, 2, 5],
            range(9),
            [0, 2, 3, 4, 5, 6, 7, 8],
            id="one group back only",
        ),
        # A hidden picture with the time of the key is not a leading picture, so others may refer to it.
        pytest.param([0, 10, 10, 20, 21], [0, 1], range(5), [0, 1, 2, 3, 4], id="at the time of the key"),
    ],
)
def test_a_leading_picture_needs_the_group_before(
    times: list[int], fresh: list[int], references: Sequence[int], expected: list[int]
) -> None:
    hidden = [2] if times[2] == times[1] else []
    assert kept(pictures(times, fresh=fresh, references=references, hidden=hidden)) == expected


def test_hidden_pictures_are_decoded_but_do_not_come_out() -> None:
    selection = chosen(pictures([-10, 0, 10, 20], hidden=[0]))
    assert (list(selection.keep), selection.pictures) == ([1, 1, 1, 1], 3)
    selection = chosen(pictures([0, 5, 10, 20, 21], references=[0], hidden=[1]))
    assert (list(selection.keep), selection.pictures) == ([1, 0, 1, 1, 1], 4)
