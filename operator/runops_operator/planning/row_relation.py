"""How a row relates to the claim token of its VideoJob. Pure."""

from enum import Enum

from runops.job_row import JobRow, RowStatus

__all__ = ["RowRelation", "row_relation"]


class RowRelation(Enum):
    """How a row relates to a claim token."""

    HELD = "in processing under the token"
    HELD_BY_NEXT_ATTEMPT = "in processing under another token of this installation"
    COMPLETED = "set to completed under the token"
    FAILED = "set to error under the token"
    DELETED = "not in the table"
    TAKEN_AWAY = "claimed by someone else, or set to another status"


_ENDED = {RowStatus.COMPLETED.value: RowRelation.COMPLETED, RowStatus.ERROR.value: RowRelation.FAILED}


def row_relation(row: JobRow | None, token: str, *, installation: str) -> RowRelation:
    """Return how a row relates to a token.

    Parameters
    ----------
    row
        As it was read; None where the table has no such row.
    token
        The VideoJob's claim token, without the pod bound to it.
    installation
        This installation's name in claims.
    """
    if row is None:
        return RowRelation.DELETED
    if row.claim is None:
        return RowRelation.TAKEN_AWAY
    match row.status == RowStatus.PROCESSING, row.was_held_by(token), row.claim.by == installation:
        case True, True, _:
            return RowRelation.HELD
        case True, False, True:
            return RowRelation.HELD_BY_NEXT_ATTEMPT
        case False, True, _:
            return _ENDED.get(row.status or "", RowRelation.TAKEN_AWAY)
        case _:
            return RowRelation.TAKEN_AWAY
