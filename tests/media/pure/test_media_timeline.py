"""When tracks have something, in whatever order their packets come."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runops_worker.media.recording import timeline as module
from runops_worker.media.recording.timeline import Hole, Timeline, largest_hole, long_pauses

RANGES = st.lists(
    st.tuples(st.integers(0, 200), st.integers(0, 30)).map(lambda pair: (pair[0] / 4, (pair[0] + pair[1]) / 4)),
    max_size=40,
)


def of(*ranges: tuple[float, float]) -> Timeline:
    made = Timeline()
    for begin, end in ranges:
        made.add(begin, end)
    return made


@given(RANGES)
def test_the_spans_are_those_of_the_sorted_ranges(ranges: list[tuple[float, float]]) -> None:
    expected: list[tuple[float, float]] = []
    for begin, end in sorted(ranges):
        if expected and begin - expected[-1][1] < 1.0:
            expected[-1] = expected[-1][0], max(expected[-1][1], end)
        else:
            expected.append((begin, end))
    assert of(*ranges).spans == expected


@given(RANGES, RANGES)
def test_the_largest_hole_is_empty_and_as_long_as_any(
    one: list[tuple[float, float]], other: list[tuple[float, float]]
) -> None:
    both = [*one, *other]
    edges = sorted({edge for pair in both for edge in pair})
    holes = [
        (begin, end)
        for begin, end in pairwise(edges)
        if end - begin >= 1.0 and not any(first <= begin and end <= last for first, last in both)
    ]
    found = largest_hole([of(*one), of(*other)])
    if found is None:
        assert holes == []
    else:
        assert (found.start, found.end) == max(holes, key=lambda hole: (hole[1] - hole[0], -hole[0]))


@pytest.mark.parametrize(
    ("ranges", "hole"),
    [
        ([], None),
        ([(7.0, 8.0)], None),
        ([(0.0, 1.0), (1.9, 3.0)], None),
        ([(0.0, 1.0), (2.0, 3.0)], Hole(1.0, 2.0)),
        ([(0.0, 1.0), (3.0, 4.0), (6.0, 7.0)], Hole(1.0, 3.0)),
        ([(0.0, 9.0), (3.0, 4.0), (12.0, 13.0)], Hole(9.0, 12.0)),
    ],
)
def test_the_first_of_the_longest_holes(ranges: list[tuple[float, float]], hole: Hole | None) -> None:
    assert largest_hole([of(*ranges)]) == hole


def test_a_file_of_ever_more_holes_does_not_take_ever_more_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_SPANS", 3)
    made = of(*((float(begin), float(begin)) for begin in range(0, 100, 10)))
    assert made.spans == [(0.0, 0.0), (10.0, 10.0), (20.0, 90.0)]


def test_a_short_time_between_two_tracks_is_no_hole() -> None:
    assert largest_hole([of((0.0, 10.0)), of((10.5, 20.0))]) is None


@pytest.mark.parametrize(
    ("ranges", "since", "pauses"),
    [
        ([], 0.0, ()),
        ([(599.0, 700.0), (1299.9, 1400.0)], 0.0, ()),
        ([(600.0, 700.0), (1300.0, 1400.0)], 0.0, (Hole(0.0, 600.0), Hole(700.0, 1300.0))),
        ([(0.0, 1.0), (7000.0, 7001.0)], 0.0, (Hole(1.0, 7000.0),)),
        # A recording that does not begin at 0.
        ([(3600.0, 3601.0), (5000.0, 5001.0)], 3600.0, (Hole(1.0, 1400.0),)),
    ],
)
def test_a_pause_of_ten_minutes_is_long_also_at_the_beginning(
    ranges: list[tuple[float, float]], since: float, pauses: tuple[Hole, ...]
) -> None:
    assert long_pauses(of(*ranges), since=since) == pauses
