"""Quantiles of weighted values, and a line through points of which some are far off."""

from collections.abc import Iterable, Sequence

__all__ = ["sturdy_line", "weighted_quantile"]


def weighted_quantile(values: Iterable[tuple[float, float]], share: float) -> float:
    """Return the value below which a share of the weight lies, interpolated between the middles of the weights.

    Parameters
    ----------
    values
        Values with their weights, which are above 0; at least one.
    share
        0 to 1.
    """
    ordered = sorted(values)
    total = sum(weight for _, weight in ordered)
    wanted, below = share * total, 0.0
    last_value, last_middle = ordered[0][0], 0.0
    for value, weight in ordered:
        middle = below + weight / 2
        if middle >= wanted:
            if middle <= last_middle or below == 0.0:
                return value
            part = (wanted - last_middle) / (middle - last_middle)
            return last_value + (value - last_value) * min(max(part, 0.0), 1.0)
        below += weight
        last_value, last_middle = value, middle
    return ordered[-1][0]


def sturdy_line(points: Sequence[tuple[float, float, float]]) -> tuple[float, float]:
    """Return base and slope of a line through points (x, y, weight), neither below 0.

    The slope is the weighted median of the slopes between all pairs of points, so that a third of them may be anywhere.
    Where all x are about the same, it is the median of y / x: a longer recording takes longer in proportion.

    Parameters
    ----------
    points
        At least one; each x is above 0.
    """
    ratio = weighted_quantile([(y / x, weight) for x, y, weight in points], 0.5)
    slopes = [
        ((y2 - y1) / (x2 - x1), w1 * w2 * abs(x2 - x1))
        for number, (x1, y1, w1) in enumerate(points)
        for x2, y2, w2 in points[:number]
        if abs(x2 - x1) > 0.2 * max(x1, x2)
    ]
    if len(slopes) < len(points):
        return 0.0, ratio
    slope = min(max(weighted_quantile(slopes, 0.5), 0.0), ratio)
    base = weighted_quantile([(y - slope * x, weight) for x, y, weight in points], 0.5)
    return max(base, 0.0), slope
