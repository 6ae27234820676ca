"""How a row relates to the claim token of its VideoJob. Pure."""

from collections.abc import Collection
from enum import Enum

from runops.job_row import JobRow, RowStatus

__all__ = ["RowRelation", "row_relation"]


class RowRelation(Enum):
    """How a row relates to a claim token."""

    HELD = "in processing under the token"
    HELD_UNDER_FORMER_NAME = "in processing under the token, claimed by this installation under an earlier name"
    UNSTAMPED = "in processing, and the claim is gone from its metadata"
    HELD_BY_NEXT_ATTEMPT = "in processing under another token of this installation"
    COMPLETED = "set to completed under the token"
    FAILED = "set to error under the token"
    DELETED = "not in the table"
    TAKEN_AWAY = "claimed by someone else, or set to another status"


_ENDED = {RowStatus.COMPLETED.value: RowRelation.COMPLETED, RowStatus.ERROR.value: RowRelation.FAILED}


def row_relation(row: JobRow | None, token: str, *, installation: str, own_names: Collection[str]) -> RowRelation:
    """Return how a row relates to a token.

    Parameters
    ----------
    row
        As it was read; None where the table has no such row.
    token
        The VideoJob's claim token, without the pod bound to it.
    installation
        This installation's name in claims.
    own_names
        That name, and those that it had earlier.
    """
    if row is None:
        return RowRelation.DELETED
    if row.claim is None:
        # An app that writes `metadata` as it read it before the claim overwrites the claim.
        return RowRelation.UNSTAMPED if row.status == RowStatus.PROCESSING else RowRelation.TAKEN_AWAY
    former = row.claim.by in own_names and row.claim.by != installation
    match row.status == RowStatus.PROCESSING, row.was_held_by(token), row.claim.by in own_names:
        case True, True, _:
            return RowRelation.HELD_UNDER_FORMER_NAME if former else RowRelation.HELD
        case True, False, True:
            return RowRelation.HELD_BY_NEXT_ATTEMPT
        case False, True, _:
            return _ENDED.get(row.status or "", RowRelation.TAKEN_AWAY)
        case _:
            return RowRelation.TAKEN_AWAY
