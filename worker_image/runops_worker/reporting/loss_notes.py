"""What the row says about parts of the recording that could not be used. Pure."""

from collections.abc import Sequence
from typing import Any

from runops.quality import Quality, RecordingLoss, RecordingQuality, losses_sentence

__all__ = ["loss_notes"]


def loss_notes(losses: Sequence[RecordingLoss]) -> list[dict[str, Any]]:
    """Return one note about all losses, for the app developer; none where there are no losses."""
    if not losses:
        return []
    sentence = losses_sentence(Quality(recording=RecordingQuality(losses=tuple(losses))))
    listed = [loss.model_dump(mode="json", exclude_none=True) for loss in losses]
    return [{"kind": "losses", "sentence": sentence, "losses": listed}]
