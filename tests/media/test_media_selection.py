"""Which coded pictures are decoded: all references of a shown picture, and of the others only those that must be."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from runops_worker.media.probe.pictures import Pictures
from runops_worker.media.transcode.selection import Selection, select

UNIT = Fraction(1, 90)


@dataclass(frozen=True)
class Coded:
    """A recording, and what each of its pictures is built upon; the selection does not see the latter."""

    pictures: Pictures
    built_upon: Sequence[frozenset[int]]


def pictures(
    times: Sequence[int], *, fresh: Sequence[int], references: Sequence[int] | None = None, hidden: Sequence[int] = ()
) -> Pictures:
    """Put places into the form of marks."""
    every = range(len(times))
    kept = every if references is None else references
    return Pictures(
        times=times,
        unit=UNIT,
        fresh=[int(index in fresh) for index in every],
        references=[int(index in kept) for index in every],
        hidden=[int(index in hidden) for index in every],
    )


def selected(what: Pictures, *, fps: int = 1) -> Selection:
    selection = select(what, fps=fps)
    assert selection is not None
    return selection


def kept(selection: Selection) -> list[int]:
    return [index for index, keep in enumerate(selection.keep) if keep]


@st.composite
def coded(draw: st.DrawFn) -> Coded:
    """Groups of pictures as an encoder may write them: pyramids, groups that lean on the one before, rests, jumps."""
    times: list[int] = []
    fresh: list[int] = []
    references: list[int] = []
    built_upon: list[frozenset[int]] = []

    def add(shown: Sequence[int], usable: Sequence[int]) -> list[int]:
        """Add pictures in any order, each built upon some of the usable ones or of its own kind; return the latter."""
        own: list[int] = []
        for time in draw(st.permutations(shown)):
            choice = st.sampled_from([*usable, *own])
            built_upon.append(frozenset(draw(st.lists(choice, max_size=3))))
            if draw(st.booleans()):
                own.append(len(times))
            times.append(time)
        references.extend(own)
        return own

    clock = draw(st.integers(-200, 200))
    before: list[int] = []
    for _ in range(draw(st.integers(1, 4))):
        early = draw(st.integers(0, 4)) if before else 0
        count = early + 1 + draw(st.integers(0, 12))
        shown = [clock := clock + step for step in draw(st.lists(st.integers(1, 60), min_size=count, max_size=count))]
        key = len(times)
        fresh.append(key)
        references.append(key)
        times.append(shown[early])
        built_upon.append(frozenset())
        # Pictures shown before the key may be built upon the group before it; none behind it upon them.
        add(shown[:early], [*before, key])
        before = [key, *add(shown[early + 1 :], [key])]
    hidden = draw(st.sets(st.integers(0, len(times) - 1), max_size=2))
    return Coded(pictures(times, fresh=fresh, references=references, hidden=sorted(hidden)), built_upon)


@given(coded(), st.integers(1, 4))
def test_all_references_of_a_kept_picture_are_kept(recording: Coded, fps: int) -> None:
    selection = select(recording.pictures, fps=fps)
    if selection is None:
        assert all(recording.pictures.hidden)
        return
    for index in kept(selection):
        assert all(selection.keep[other] for other in recording.built_upon[index])


@given(coded(), st.integers(1, 4), st.integers(0, 40))
def test_each_place_shows_the_last_picture_that_began_by_then(recording: Coded, fps: int, place: int) -> None:
    selection = select(recording.pictures, fps=fps)
    if selection is None:
        return
    seen = {time: index for index, time in enumerate(recording.pictures.times) if not recording.pictures.hidden[index]}
    begun = [time for time in seen if time * UNIT <= Fraction(place, fps)]
    wanted = max(begun) if begun else min(seen)
    assert selection.shown(place) == wanted * UNIT
    assert selection.keep[seen[wanted]]
    # ffmpeg sees the pictures that are kept and no others.
    left = [time for time, index in seen.items() if selection.keep[index]]
    assert max((time for time in left if time * UNIT <= Fraction(place, fps)), default=min(left)) == wanted
    assert selection.pictures == len(left)
    # How long the last one lasts is told by the file or by the one before it.
    assert sorted(left)[-2:] == sorted(seen)[-2:]


@given(coded())
def test_a_picture_that_is_not_a_reference_is_kept_only_to_be_shown(recording: Coded) -> None:
    selection = select(recording.pictures, fps=1)
    if selection is None:
        return
    seen = sorted(
        time for time, hidden in zip(recording.pictures.times, recording.pictures.hidden, strict=True) if not hidden
    )
    for index in kept(selection):
        if not recording.pictures.references[index]:
            time = recording.pictures.times[index]
            assert time in selection.times or time in seen[-2:]


def test_the_end_of_a_group_is_left_out_after_the_last_picture_shown() -> None:
    # Ten pictures per second and a key every second: each second is shown by its key.
    selection = selected(pictures(range(0, 360, 9), fresh=range(0, 40, 10)))
    assert kept(selection) == [0, 10, 20, *range(30, 40)]


def test_the_end_of_a_group_stays_if_the_next_one_refers_to_it_and_is_shown() -> None:
    # Decoded: key of second 1.1, then two pictures shown before it, one of them at second 1.
    times = [0, 18, 36, 54, 72, 99, 81, 90, 108, 180]
    assert kept(selected(pictures(times, fresh=[0, 5], references=[0, 1, 2, 3, 4, 5, 8, 9]))) == [
        *(0, 1, 2, 3, 4, 5),
        *(7, 8, 9),
    ]


def test_leading_pictures_are_left_out_with_the_end_of_the_group_before() -> None:
    times = [0, 18, 36, 54, 72, 99, 81, 84, 90, 180, 189]
    leaning = pictures(times, fresh=[0, 5], references=range(11))
    assert kept(selected(leaning)) == list(range(11))
    times[8] = 93
    times[4] = 90
    assert kept(selected(pictures(times, fresh=[0, 5], references=range(11)))) == [0, 1, 2, 3, 4, 5, 9, 10]


def test_a_key_that_is_not_fresh_ends_no_group() -> None:
    times = range(0, 270, 9)
    assert kept(selected(pictures(times, fresh=[0]))) == list(range(30))


def test_a_hidden_picture_is_decoded_if_others_refer_to_it_and_never_shown() -> None:
    selection = selected(pictures([-18, -9, 0, 9, 90, 99], fresh=[0], references=[0, 2, 3, 4], hidden=[0, 1]))
    assert kept(selection) == [0, 2, 3, 4, 5]
    assert selection.pictures == 4


def test_nothing_is_chosen_if_two_pictures_have_one_time() -> None:
    assert select(pictures([0, 9, 9, 18], fresh=[0]), fps=1) is None


def test_nothing_is_chosen_if_the_recording_begins_within_a_group() -> None:
    assert select(pictures([0, 9, 18, 27], fresh=[2]), fps=1) is None


def test_nothing_is_chosen_if_nothing_is_shown() -> None:
    assert select(pictures([0, 9], fresh=[0], hidden=[0, 1]), fps=1) is None
    assert select(pictures([], fresh=[]), fps=1) is None
