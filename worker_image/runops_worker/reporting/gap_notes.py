"""What the row says about parts of the recording that could not be transcribed. Pure."""

from collections.abc import Sequence
from typing import Any

from runops.quality import Gap, Quality, TranscriptQuality, gaps_sentence, kept_gaps

__all__ = ["gap_notes"]


def gap_notes(gaps: Sequence[Gap]) -> list[dict[str, Any]]:
    """Return one note about all gaps, for the app developer; none where there are no gaps.

    Parameters
    ----------
    gaps
        Of the whole transcript. The sentence speaks of all; of very many, only the longest are listed.
    """
    if not gaps:
        return []
    sentence = gaps_sentence(Quality(transcript=TranscriptQuality.model_construct(gaps=tuple(gaps))))
    return [{"kind": "gaps", "sentence": sentence, "gaps": [gap.model_dump(mode="json") for gap in kept_gaps(gaps)]}]
