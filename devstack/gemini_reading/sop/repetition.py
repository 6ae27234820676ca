"""Finds work that is done several times in a row, also where no two times are quite the same. Pure."""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

__all__ = ["Repetition", "repetitions_in", "shared"]

_LEAST_OF_TWO = 3
"""Steps of what is done only twice: less is a field that is corrected and saved again."""
_LONGEST = 24
"""Steps of one time. What is longer is hardly ever done again in the same way."""
_USUAL = 0.5
"""A step belongs to the work if it is done in so many of all times."""
_DONE_EACH_TIME = 0.6
"""Of the usual steps, so many are done each time, on average."""
_TIGHTER = 1 / 3
"""How much it counts that a repetition leaves nothing unexplained: two kinds of work may have some steps in common."""
_EXPLAINED = 0.4
"""Of all steps, so many are usual ones at least."""


@dataclass(frozen=True)
class Repetition:
    """The same work, done several times in a row.

    Attributes
    ----------
    turns
        Each time: the places of its first step, and behind its last one. They follow one another.
    typical
        Which of them is most like all others.
    usual
        Places in the typical turn whose steps are done in most turns.
    """

    turns: tuple[tuple[int, int], ...]
    typical: int
    usual: tuple[int, ...]

    @property
    def start(self) -> int:
        """Place of the first step."""
        return self.turns[0][0]

    @property
    def end(self) -> int:
        """Place behind the last step."""
        return self.turns[-1][1]

    def core(self, marks: Sequence[Hashable]) -> list[Hashable]:
        """Return the marks of the usual steps, in order."""
        first, _ = self.turns[self.typical]
        return [marks[first + place] for place in self.usual]


def repetitions_in(marks: Sequence[Hashable]) -> list[Repetition]:
    """Return the repetitions in a sequence of steps, in order; none overlaps another.

    Two times are a repetition only if they are the same and have several steps. Three and more may differ: something is
    added, left out, or seen wrongly.

    Parameters
    ----------
    marks
        Of each step, what two times of it have in common.
    """
    found = [one for turns in _chains(marks) if (one := _repetition(marks, turns)) is not None]
    if not found:
        return []
    best = max(found, key=lambda one: (_worth(marks, one), len(one.turns), -one.start))
    if len(best.turns) > 2:
        best = _extended(marks, best)
    before, after = repetitions_in(marks[: best.start]), repetitions_in(marks[best.end :])
    return [*before, best, *(_moved(one, best.end) for one in after)]


def shared(first: Sequence[Hashable], second: Sequence[Hashable]) -> list[tuple[int, int]]:
    """Return the places of the longest common subsequence in both."""
    lengths = [[0] * (len(second) + 1) for _ in range(len(first) + 1)]
    for row in range(len(first) - 1, -1, -1):
        for column in range(len(second) - 1, -1, -1):
            lengths[row][column] = (
                lengths[row + 1][column + 1] + 1
                if first[row] == second[column]
                else max(lengths[row + 1][column], lengths[row][column + 1])
            )
    places, row, column = [], 0, 0
    while row < len(first) and column < len(second):
        if first[row] == second[column]:
            places.append((row, column))
            row, column = row + 1, column + 1
        elif lengths[row + 1][column] >= lengths[row][column + 1]:
            row += 1
        else:
            column += 1
    return places


def _chains(marks: Sequence[Hashable]) -> Iterator[list[tuple[int, int]]]:
    """Return turns that each begin with the same step: one list for each step that comes back soon."""
    places: defaultdict[Hashable, list[int]] = defaultdict(list)
    for place, mark in enumerate(marks):
        places[mark].append(place)
    for starts in places.values():
        chain = [starts[0]]
        for start in [*starts[1:], None]:
            if start is not None and start - chain[-1] <= _LONGEST:
                chain.append(start)
                continue
            if len(chain) > 1:
                longest = max(after - before for before, after in pairwise(chain))
                yield [*pairwise(chain), (chain[-1], min(chain[-1] + longest, len(marks)))]
            if start is not None:
                chain = [start]


def _repetition(marks: Sequence[Hashable], turns: Sequence[tuple[int, int]]) -> Repetition | None:
    """Return the repetition that turns are; None where they are too different. The last turn may be too long."""
    steps = [marks[start:end] for start, end in turns]
    if len(turns) == 2:
        is_same = len(steps[0]) >= _LEAST_OF_TWO and steps[0] == steps[1]
        return Repetition(tuple(turns), 0, tuple(range(len(steps[0])))) if is_same else None
    typical = _most_alike(steps[:-1])
    in_last = [place for _, place in shared(steps[typical], steps[-1])]
    ended = [*turns[:-1], (turns[-1][0], turns[-1][0] + in_last[-1] + 1)]
    one = _settled(marks, ended)
    core, matched = one.core(marks), _explained(marks, ended, one.core(marks))
    is_long_enough = len(core) > 1 or one.end - one.start == len(ended)
    is_alike = matched >= _DONE_EACH_TIME * len(core) * len(ended) and matched >= _EXPLAINED * (one.end - one.start)
    return one if is_long_enough and is_alike else None


def _settled(marks: Sequence[Hashable], turns: Sequence[tuple[int, int]]) -> Repetition:
    """Return the repetition of these turns: which is typical, and which of its steps are usual."""
    steps = [marks[start:end] for start, end in turns]
    typical = _most_alike(steps)
    counts = Counter(mark for one in steps for mark in set(one))
    usual = [place for place, mark in enumerate(steps[typical]) if counts[mark] >= _USUAL * len(steps)]
    return Repetition(tuple(turns), typical, tuple(usual))


def _most_alike(steps: Sequence[Sequence[Hashable]]) -> int:
    """Return which turn is most like all others; of equals the first, which is what the narration explains."""
    alike = [sum(2 * len(shared(one, other)) / (len(one) + len(other)) for other in steps) for one in steps]
    return max(range(len(steps)), key=lambda place: (round(alike[place], 6), -place))


def _explained(marks: Sequence[Hashable], turns: Sequence[tuple[int, int]], core: Sequence[Hashable]) -> int:
    """Return how many steps of the turns are in their core."""
    return sum(len(shared(core, marks[start:end])) for start, end in turns)


def _worth(marks: Sequence[Hashable], one: Repetition) -> float:
    """Return how many steps a repetition explains; less where it leaves others in between unexplained.

    Work of two kinds may have a few steps in common. Each kind alone is explained better.
    """
    explained = _explained(marks, one.turns, one.core(marks))
    return float(explained * (explained / (one.end - one.start)) ** _TIGHTER)


def _extended(marks: Sequence[Hashable], one: Repetition) -> Repetition:
    """Return a repetition with the times before and behind that lack the step by which it was found.

    Where the first of them begins with another step, so do all others.
    """
    core, longest = one.core(marks), max(end - start for start, end in one.turns)
    needed = max(_USUAL * len(core), 2)
    turns = list(one.turns)
    while len(places := shared(core, marks[turns[-1][1] : turns[-1][1] + longest])) >= needed:
        turns.append((turns[-1][1], turns[-1][1] + places[-1][1] + 1))
    earliest = max(0, turns[0][0] - longest)
    places = shared(core[1:], marks[earliest : turns[0][0]])
    if len(places) < needed:
        return _settled(marks, turns)
    bounds = [earliest + places[0][1]]
    for start, end in turns:
        later = [place for row, place in shared(core, marks[start:end]) if row > places[0][0]]
        bounds += [start + place for place in later[:1]]
    begun = [*pairwise(bounds), (bounds[-1], turns[-1][1])]
    return _settled(marks, begun)


def _moved(one: Repetition, by: int) -> Repetition:
    return Repetition(tuple((start + by, end + by) for start, end in one.turns), one.typical, one.usual)
