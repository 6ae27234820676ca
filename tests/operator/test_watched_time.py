"""The clock that stands still while nobody looks."""

from hypothesis import given
from hypothesis import strategies as st

from runops_operator.watched_time import WatchedTime


class _Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_it_stands_before_the_first_look_and_when_the_next_one_is_overdue() -> None:
    clock = _Clock()
    watched = WatchedTime(clock)
    clock.now += 50
    assert watched() == 0
    watched.note_read(longest=10)
    clock.now += 7
    assert watched() == 7
    clock.now += 70
    assert watched() == 10
    watched.note_read(longest=10)
    clock.now += 3
    assert watched() == 13


@given(st.lists(st.tuples(st.floats(0, 100), st.booleans()), max_size=30))
def test_it_never_goes_back_nor_faster_than_the_clock(steps: list[tuple[float, bool]]) -> None:
    clock = _Clock()
    watched = WatchedTime(clock)
    for seconds, look in steps:
        before = watched()
        clock.now += seconds
        assert before <= watched() <= before + seconds + 1e-6
        if look:
            there = watched()
            watched.note_read(longest=20)
            assert watched() == there
