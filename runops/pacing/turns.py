"""Whose call goes next: round robin over users, and each user's calls in the order in which they came. Pure.

Calls about backfills let all others go first, for five minutes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

__all__ = ["Waiting", "next_call"]

_YIELD_SECONDS = 300.0
"""Half of the time after which a worker that hears nothing goes on by a pace of its own."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A call that waits.

    Attributes
    ----------
    caller
        Who makes it: the name of a VideoJob, or any other name.
    user
        Whose video it is about; "" where the video has no user.
    since
        When it began to wait.
    tokens
        Of its input, as estimated.
    number
        Counts the calls of its caller.
    backfill
        Whether it is about a backfill.
    """

    caller: str
    user: str
    since: float
    tokens: int
    number: int = 0
    backfill: bool = False


def next_call(waiting: Iterable[Waiting], served: Mapping[str, float], *, now: float) -> Waiting | None:
    """Return the call that goes next; None where none waits.

    The user comes first who has waited longest: since the user's last call went, or since the oldest call came where
    that is later. So a user with many calls does not delay one with few, and no user waits for ever: whoever comes
    later, or was served later, comes after. A call about a backfill has its turn where no other call waits, and like
    the others once it has waited for five minutes: its worker holds a node meanwhile.

    Parameters
    ----------
    waiting
        All calls that wait for one model.
    served
        When a call of each user went last.
    now
        On the same clock as `since`.
    """
    calls = list(waiting)
    oldest: dict[str, Waiting] = {}
    for call in [call for call in calls if not call.backfill or now - call.since >= _YIELD_SECONDS] or calls:
        known = oldest.get(call.user)
        if known is None or _age(call) < _age(known):
            oldest[call.user] = call

    def order(call: Waiting) -> tuple[float, float, tuple[float, str, int]]:
        last = served.get(call.user, float("-inf"))
        return max(call.since, last), last, _age(call)

    return min(oldest.values(), key=order, default=None)


def _age(call: Waiting) -> tuple[float, str, int]:
    return call.since, call.caller, call.number
