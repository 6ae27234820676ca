"""Whose rows the next read of the queue passes over, to see the users behind a long queue. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from uuid import UUID

from runops.claim_order import user_key
from runops.job_row import LONGEST_UUID, JobRow

__all__ = ["PassedOver"]

_MOST_IN_A_REQUEST = 100
_MOST_SPELLINGS = 4


class PassedOver:
    """The users whose rows were read already, or who have videos at work.

    Parameters
    ----------
    active
        Videos at work by user.
    """

    def __init__(self, active: Mapping[str, int]) -> None:
        self._users = {user for user, count in active.items() if count}
        self._rows: Counter[str] = Counter()
        self._spellings: dict[str, set[str]] = {}

    def add(self, page: Iterable[JobRow]) -> None:
        """Pass over the users of these rows from now on."""
        for row in page:
            user = user_key(row)
            self._users.add(user)
            self._rows[user] += 1
            spellings = self._spellings.setdefault(user, {user})
            if isinstance(row.raw_user, str) and len(spellings) < _MOST_SPELLINGS:
                # Some apps write UUIDs in capitals, and the table compares them as text.
                spellings.add(row.raw_user[:LONGEST_UUID])

    @property
    def nobody(self) -> bool:
        """Whether rows that name no user are passed over."""
        return "" in self._users

    @property
    def complete(self) -> bool:
        """Whether all users fit into one request."""
        return len(self._users) <= _MOST_IN_A_REQUEST

    def spellings(self) -> list[str]:
        """Return the users as the rows spell them: as many as fit into a request, those with most rows first."""
        users = sorted((user for user in self._users if _is_uuid(user)), key=lambda user: (-self._rows[user], user))
        spelled = [text for user in users for text in sorted(self._spellings.get(user, {user}))]
        return spelled[:_MOST_IN_A_REQUEST]


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False
