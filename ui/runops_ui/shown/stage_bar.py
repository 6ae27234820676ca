"""The bar of a video's stages. Pure."""

from dataclasses import dataclass

from runops.progress import Stage

__all__ = ["Segment", "StageBar", "stage_bar"]

_WORDS = {
    Stage.PREPARING_VIDEO: "preparing the video",
    Stage.TRANSCRIBING: "transcribing",
    Stage.PARSING_SOP: "writing the SOP",
    Stage.FINALIZING: "finishing",
}
_ENDS = (45, 70, 90, 100)
"""Where each stage's part of the bar ends; between two stages' percentages where these have a gap."""


@dataclass(frozen=True, slots=True)
class Segment:
    """The part of one stage: where it begins on the bar, how long it is, and how much of it is done; in percent."""

    name: str
    start: int
    width: int
    done: float


@dataclass(frozen=True, slots=True)
class StageBar:
    """The bar.

    Attributes
    ----------
    label
        What it says in words.
    """

    segments: tuple[Segment, ...]
    percent: int
    label: str


def stage_bar(stage: str | None, percent: int | None) -> StageBar:
    """Return the bar of a video that is worked on; a stage that is not known is shown as it is written."""
    done = min(max(percent or 0, 0), 100)
    segments = []
    start = 0
    for name, end in zip(_WORDS, _ENDS, strict=True):
        inside = min(max(done - start, 0), end - start)
        segments.append(Segment(_WORDS[name], start, end - start, inside))
        start = end
    words = {known.value: said for known, said in _WORDS.items()}
    said = words.get(stage or "", stage or "starting")
    return StageBar(tuple(segments), done, f"{said}, {done} %")
