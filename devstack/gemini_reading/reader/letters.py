"""Reads the letters of a picture with RapidOCR: PP-OCR's small models, whose weights are Baidu's, Apache 2.0."""

from typing import Any, Final

from rapidocr import RapidOCR

from devstack.gemini_reading.geometry import Box
from devstack.gemini_reading.recording import Line

__all__ = ["Letters"]

_LEAST_SCORE: Final = 0.6
_SETTINGS: Final = {
    "Global.log_level": "error",
    "Global.text_score": _LEAST_SCORE,
    # As they are: a small crop that is made larger is read word by word, and slowly.
    "Det.limit_type": "max",
    "Det.limit_side_len": 1920,
    "EngineConfig.onnxruntime.intra_op_num_threads": 1,
    "EngineConfig.onnxruntime.inter_op_num_threads": 1,
}


class Letters:
    """The two models: one finds lines of words, one reads them. Loading them takes half a second."""

    def __init__(self) -> None:
        self._engine = RapidOCR(params=dict(_SETTINGS))

    def read(self, picture: Any, *, left: int = 0, top: int = 0) -> list[Line]:
        """Return the lines of a picture, or of the part of one that begins at `left` and `top`."""
        result = self._engine(picture, use_cls=False)
        if result.txts is None:
            return []
        lines = []
        for corners, text, score in zip(result.boxes, result.txts, result.scores, strict=True):
            if not text.strip():
                continue
            xs, ys = corners[:, 0], corners[:, 1]
            box = Box(int(xs.min()) + left, int(ys.min()) + top, int(xs.max()) + left, int(ys.max()) + top)
            lines.append(Line(text=text.strip(), box=box, score=round(float(score), 3)))
        return sorted(lines, key=lambda line: (line.box.top, line.box.left))
