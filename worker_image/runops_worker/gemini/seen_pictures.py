"""How many VIDEO tokens an answer must count to be believed: about pictures that it did not get, a model invents."""

import logging
import math
from typing import Final

from runops_worker.gemini.files import UploadedFile
from runops_worker.model.estimate import MOST_FPS, picture_tokens

__all__ = ["SeenPictures"]

_LOG = logging.getLogger(__name__)
_LEAST_SHARE: Final = 0.5
_LOW: Final = {258: 66, 280: 70}
"""What a picture counts at low resolution, by what it counts at HIGH (ai.google.dev, media resolution). An API that
does not follow the setting counts this."""


class SeenPictures:
    """Learns what each model counts for one picture, and expects half of that of each answer.

    Before the first answer of a model it expects half of what a picture counts at low resolution: only answers tell
    whether the API counts HIGH as documented. Of a model whose family is not known it expects one token at first.
    """

    def __init__(self) -> None:
        self._most: dict[str, float] = {}

    def least(self, model: str, video: UploadedFile) -> int:
        """Return the VIDEO tokens without which an answer is not believed."""
        high = picture_tokens(model)
        low = 0 if high is None else _LOW[high]
        per_picture = min(max(self._most.get(model, 0.0), low), high or math.inf)
        return max(1, int(_pictures(video) * per_picture * _LEAST_SHARE))

    def note(self, model: str, video: UploadedFile, tokens: int) -> None:
        """Learn from the VIDEO tokens of an answer."""
        per_picture = tokens / max(_pictures(video), 1.0)
        high = picture_tokens(model)
        if model not in self._most and high is not None and 0 < per_picture < high * _LEAST_SHARE:
            _LOG.warning(
                "the model counts fewer tokens for a picture than it does at high resolution; small print may be lost",
                extra={"model": model, "tokens_per_picture": round(per_picture), "expected": high},
            )
        self._most[model] = max(self._most.get(model, 0.0), per_picture)


def _pictures(video: UploadedFile) -> float:
    return video.seconds * min(video.fps, MOST_FPS)
