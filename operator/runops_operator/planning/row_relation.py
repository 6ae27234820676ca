"""How a row relates to the claim token of its VideoJob. Pure."""

from enum import Enum

from runops.job_row import JobRow, RowStatus
from runops_operator.config import OperatorConfig

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


def row_relation(
    row: JobRow | None, token: str, config: OperatorConfig, *, next_token: str | None = None
) -> RowRelation:
    """Return how a row relates to a token.

    Parameters
    ----------
    row
        As it was read; None where the table has no such row.
    token
        The VideoJob's claim token, without the pod bound to it.
    config
        Settings of this installation.
    next_token
        That of the attempt which follows the present Job; None where there is no Job. Under a name that installations
        of other clusters may have had, too, only a token tells whose a row is.
    """
    if row is None:
        return RowRelation.DELETED
    if row.claim is None:
        # An app that writes `metadata` as it read it before the claim overwrites the claim.
        return RowRelation.UNSTAMPED if row.status == RowStatus.PROCESSING else RowRelation.TAKEN_AWAY
    by = row.claim.by
    former = by != config.installation and by in config.names_of_videojobs
    ours = by in config.own_names or (former and row.claim.token == next_token)
    match row.status == RowStatus.PROCESSING, row.was_held_by(token), ours:
        case True, True, _:
            return RowRelation.HELD_UNDER_FORMER_NAME if former else RowRelation.HELD
        case True, False, True:
            return RowRelation.HELD_BY_NEXT_ATTEMPT
        case False, True, _:
            return _ENDED.get(row.status or "", RowRelation.TAKEN_AWAY)
        case _:
            return RowRelation.TAKEN_AWAY
