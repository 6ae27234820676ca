"""How many VIDEO tokens an answer must count to be believed: about pictures that it did not get, a model invents."""

import logging
import math
from typing import Final

from runops.picture_resolution import PictureResolution
from runops_worker.gemini.files import UploadedFile
from runops_worker.model.estimate import MOST_FPS, picture_tokens
from runops_worker.model.protocol import Question

__all__ = ["SeenPictures"]

_LOG = logging.getLogger(__name__)
_LEAST_SHARE: Final = 0.5


class SeenPictures:
    """Learns what each model counts for one picture, and expects half of that of each answer.

    Before the first answer of a model it expects half of what a picture counts at low resolution: only answers tell
    whether the API counts the resolution as documented. Of a model whose family is not known it expects one token at
    first.
    """

    def __init__(self) -> None:
        self._most: dict[tuple[str, PictureResolution], float] = {}

    def least(self, question: Question, video: UploadedFile) -> int:
        """Return the VIDEO tokens without which an answer is not believed."""
        documented = picture_tokens(question.model, question.resolution)
        # An API that does not follow the setting counts this.
        low = picture_tokens(question.model, PictureResolution.LOW) or 0
        learned = self._most.get((question.model, question.resolution), 0.0)
        per_picture = min(max(learned, low), documented or math.inf)
        return max(1, int(_pictures(video) * per_picture * _LEAST_SHARE))

    def note(self, question: Question, video: UploadedFile, tokens: int) -> None:
        """Learn from the VIDEO tokens of an answer."""
        key = (question.model, question.resolution)
        per_picture = tokens / max(_pictures(video), 1.0)
        documented = picture_tokens(*key)
        if key not in self._most and documented is not None and 0 < per_picture < documented * _LEAST_SHARE:
            _LOG.warning(
                "the model counts fewer tokens for a picture than are documented for its resolution; small print may "
                "be lost",
                extra={
                    "model": question.model,
                    "resolution": question.resolution,
                    "tokens_per_picture": round(per_picture),
                    "expected": documented,
                },
            )
        self._most[key] = max(self._most.get(key, 0.0), per_picture)


def _pictures(video: UploadedFile) -> float:
    return video.seconds * min(video.fps, MOST_FPS)
