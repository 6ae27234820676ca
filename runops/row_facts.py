"""What a row itself tells of its video beside its state: models and length, where a worker has kept them. Pure."""

from pydantic import ValidationError

from runops.job_filter import NO_FACTS, VideoFacts
from runops.row_summary import RowSummary
from runops.time_left.took import Took

__all__ = ["facts_of_row", "took_of"]


def took_of(row: RowSummary) -> Took | None:
    """Return how long the video of a completed row took; None where the row does not have it."""
    try:
        return Took.model_validate(row.runops.get("took") if isinstance(row.runops, dict) else None)
    except ValidationError:
        return None


def facts_of_row(row: RowSummary) -> VideoFacts:
    """Return models and length of a row's video, as far as the row has them."""
    took = took_of(row)
    if took is None:
        return NO_FACTS
    names = (name.strip() for name in (took.models or "").split(","))
    return VideoFacts(frozenset(filter(None, names)), took.recording or None)
