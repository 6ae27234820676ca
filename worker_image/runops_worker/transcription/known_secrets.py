"""The secrets of one recording that a run has read so far: what one chunk calls a password, another one only shows.

They are kept in memory only. Nothing of them is stored, not even a hash: a password can be guessed from one.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

__all__ = ["KnownSecrets", "TypedSecret", "pattern_of"]

_LEAST_CHARACTERS = 6
_BETWEEN = r"[\s.,_-]{0,2}"
"""What may stand between the characters of a secret that is spelled."""
_SAME_INPUT_SECONDS = 60.0
"""Between two actions that type into the same field one after the other."""


@dataclass(frozen=True, slots=True)
class TypedSecret:
    """A secret, or a part of one, that was typed into a field.

    Attributes
    ----------
    at
        Second of the recording.
    into
        Names the application and the field.
    value
        What was typed.
    """

    at: float
    into: str
    value: str = field(repr=False)


@dataclass
class KnownSecrets:
    """Collects secrets, in whichever order the chunks are answered."""

    _told: set[str] = field(default_factory=set, repr=False)
    _typed: set[TypedSecret] = field(default_factory=set, repr=False)
    _pattern: re.Pattern[str] | None = field(default=None, repr=False)
    is_hidden_everywhere: bool = True
    """Whether what was learned is hidden in all that is kept of other chunks."""

    def learn(self, secrets: Iterable[str], typed: Iterable[TypedSecret] = ()) -> None:
        """Add what was hidden in an answer.

        Parameters
        ----------
        secrets
            As they were said, shown or typed.
        typed
            Those that were typed, with their times in the recording. Parts of one secret are joined, also where another
            chunk has the other part.
        """
        before = len(self._told), len(self._typed)
        self._told.update(secrets)
        self._typed.update(typed)
        if (len(self._told), len(self._typed)) != before:
            self._pattern = pattern_of([*self._told, *joined(sorted(self._typed, key=lambda one: one.at))])
            self.is_hidden_everywhere = False

    @property
    def pattern(self) -> re.Pattern[str] | None:
        """Matches the secrets wherever they appear; None where there are none that can be told from words."""
        return self._pattern


def joined(typed: Sequence[TypedSecret]) -> list[str]:
    """Return what was typed into one field by several actions, one after the other.

    Parameters
    ----------
    typed
        In the order of their times.
    """
    runs: list[list[TypedSecret]] = []
    for one in typed:
        if runs and runs[-1][-1].into == one.into and one.at - runs[-1][-1].at <= _SAME_INPUT_SECONDS:
            runs[-1].append(one)
        else:
            runs.append([one])
    return ["".join(one.value for one in run) for run in runs if len(run) > 1]


def pattern_of(secrets: Iterable[str]) -> re.Pattern[str] | None:
    """Return a pattern of those secrets that can be told from ordinary words wherever they appear, spelled or not."""
    told = {whole for secret in secrets if _is_told(whole := _whole(secret))}
    if not told:
        return None
    longest_first = sorted(told, key=lambda one: (-len(one), one))
    spelled = "|".join(_BETWEEN.join(map(re.escape, one)) for one in longest_first)
    return re.compile(rf"(?<!\w)(?:{spelled})(?!\w)", re.IGNORECASE)


def _whole(secret: str) -> str:
    """Return a secret that is spelled ("h u n t e r 7") in one piece; others as they are."""
    parts = re.split(r"[\s-]+", secret.strip())
    return "".join(parts) if max(map(len, parts)) == 1 else secret.strip()


def _is_told(secret: str) -> bool:
    """Tell whether a secret is one word with a digit or a sign in it, as passwords have and ordinary words have not."""
    return len(secret) >= _LEAST_CHARACTERS and not secret.isalpha() and not re.search(r"\s", secret)
