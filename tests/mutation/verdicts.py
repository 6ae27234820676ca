"""What a run says: which mutants survived, and the score."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

__all__ = ["KILLED", "Change", "Score", "Verdict", "score", "verdict_of"]

_STRING = re.compile(r"""("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')""")


class Verdict(StrEnum):
    """What happened to one mutant."""

    KILLED = "killed by a test"
    TYPES = "refused by mypy"
    TIMEOUT = "ran into its time limit"
    SURVIVED = "survived"
    NO_TEST = "no fast test reaches it"
    NOT_RUN = "not run"


KILLED = frozenset({Verdict.KILLED, Verdict.TYPES, Verdict.TIMEOUT})

_BY_EXIT_CODE = {
    0: Verdict.SURVIVED,
    5: Verdict.NO_TEST,
    33: Verdict.NO_TEST,
    37: Verdict.TYPES,
    24: Verdict.TIMEOUT,
    -24: Verdict.TIMEOUT,
    36: Verdict.TIMEOUT,
    152: Verdict.TIMEOUT,
    255: Verdict.TIMEOUT,
}


def verdict_of(exit_code: int | None) -> Verdict:
    """Return what mutmut's exit code of a mutant means."""
    return Verdict.NOT_RUN if exit_code is None else _BY_EXIT_CODE.get(exit_code, Verdict.KILLED)


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """One mutation, named by what it does to the text and not by a number that moves with the next edit.

    Attributes
    ----------
    where
        `module:function` or `module:Class.method`.
    removed, added
        The lines that differ, without their indentation.
    """

    where: str
    removed: tuple[str, ...]
    added: tuple[str, ...]

    @property
    def file(self) -> str:
        """The code's file, relative to the packages' parent."""
        return self.where.partition(":")[0].replace(".", "/") + ".py"

    @property
    def is_wording(self) -> bool:
        """Whether only the text of a sentence changes: a string with a space in it, inside code that stays as it is."""
        before, after = " ".join(self.removed), " ".join(self.added)
        if _STRING.sub('""', before) != _STRING.sub('""', after):
            return False
        pairs = zip(_STRING.findall(before), _STRING.findall(after), strict=True)
        return all(" " in old for old, new in pairs if old != new)


@dataclass(slots=True)
class Score:
    """Counts of one run, and what survived without being listed as equivalent."""

    by_verdict: dict[Verdict, int] = field(default_factory=dict)
    wording: int = 0
    equivalent: int = 0
    survivors: list[Change] = field(default_factory=list)
    argued: set[Change] = field(default_factory=set)
    """The entries of the list of equivalent mutants that were met."""

    @property
    def killed(self) -> int:
        """Number of mutants that a test, mypy or the time limit found."""
        return sum(self.by_verdict.get(verdict, 0) for verdict in KILLED)

    @property
    def percent(self) -> float:
        """Share of killed mutants among those that could have been killed, in per cent."""
        total = self.killed + len(self.survivors)
        return 100.0 * self.killed / total if total else 100.0


def score(mutants: Iterable[tuple[Verdict, Change | None]], *, equivalent: frozenset[Change]) -> Score:
    """Count a run.

    Parameters
    ----------
    mutants
        Verdict of each; its change where it was not killed.
    equivalent
        Mutants that no test can tell from the original, each argued in `equivalent_mutants.toml`.
    """
    result = Score()
    for verdict, change in mutants:
        if change is None or verdict is Verdict.NOT_RUN:
            result.by_verdict[verdict] = result.by_verdict.get(verdict, 0) + 1
        elif change.is_wording:
            result.wording += 1
        elif change in equivalent:
            result.equivalent += 1
            result.argued.add(change)
        else:
            result.by_verdict[verdict] = result.by_verdict.get(verdict, 0) + 1
            result.survivors.append(change)
    result.survivors.sort()
    return result
