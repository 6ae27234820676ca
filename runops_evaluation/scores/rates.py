"""Precision, recall and F1 of a one-to-one match. Pure."""

from dataclasses import dataclass

__all__ = ["Rates", "rates"]


@dataclass(frozen=True, slots=True)
class Rates:
    """Precision, recall and F1."""

    precision: float
    recall: float
    f1: float


def rates(*, matched: int, gold: int, made: int) -> Rates:
    """Return the rates of a match.

    Where there is nothing to find and nothing is made, all are 1. Where there is only one of both, all are 0: what is
    made of nothing is invented, and no answer is no precise answer.

    Parameters
    ----------
    matched
        Pairs.
    gold, made
        Lengths of both lists.
    """
    assert 0 <= matched <= min(gold, made), (matched, gold, made)
    if not gold and not made:
        return Rates(1.0, 1.0, 1.0)
    return Rates(
        precision=matched / made if made else 0.0,
        recall=matched / gold if gold else 0.0,
        f1=2 * matched / (gold + made),
    )
