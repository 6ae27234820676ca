"""How long videos take, learned from finished ones: by phase, by length of the recording, by model."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Self

from runops.time_left.finished import PHASES, FinishedVideo, Phase
from runops.time_left.quantiles import sturdy_line

__all__ = ["ENOUGH", "Example", "Learned", "Pace"]

ENOUGH = 5
"""Finished videos without which nothing is said."""
_MOST = 80
"""Of the newest finished videos; older ones weigh next to nothing."""
_MOST_FOR_LINE = 40
_HALF = 20.0
"""After so many newer videos one counts half: a change of the machine or of the load shows within tens of videos."""
_LEAST_SECONDS = 0.05
_GROWING = frozenset(PHASES[2:])
"""Phases that take longer for a longer recording."""


@dataclass(frozen=True, slots=True)
class Example:
    """A finished video as an example of how long others may take.

    Attributes
    ----------
    weight
        How much it counts.
    video
        The finished video.
    ratios
        By growing phase: seconds it took, divided by what the line says for its length.
    """

    weight: float
    video: FinishedVideo
    ratios: Mapping[Phase, float]


@dataclass(frozen=True, slots=True)
class Learned:
    """What one model's finished videos show.

    Attributes
    ----------
    examples
        The newest first.
    lines
        By growing phase: base in seconds, and seconds for each second of the recording.
    """

    examples: tuple[Example, ...]
    lines: Mapping[Phase, tuple[float, float]]

    @property
    def effective(self) -> float:
        """How many equally weighted videos would show as much."""
        weights = [example.weight for example in self.examples]
        return sum(weights) ** 2 / sum(weight * weight for weight in weights)

    def seconds(self, example: Example, phase: Phase, recording_seconds: float) -> float:
        """Return how long a phase would take for a recording of a length, if it went as in the example."""
        if phase not in _GROWING:
            return example.video.seconds.get(phase, 0.0)
        return _on(self.lines[phase], recording_seconds) * example.ratios[phase]

    def length(self, example: Example, recording_seconds: float | None, recording_bytes: int | None) -> float:
        """Return the length of a recording: as known, or by its size if it is as dense as the example, or as that."""
        if recording_seconds:
            return recording_seconds
        video = example.video
        if recording_bytes and video.recording_bytes:
            return recording_bytes * video.recording_seconds / video.recording_bytes
        return video.recording_seconds


@dataclass(frozen=True, slots=True)
class Pace:
    """What finished videos show: by their models, and over all of them."""

    by_model: Mapping[str | None, Learned]
    of_all: Learned | None = None

    @classmethod
    def learned(cls, finished: Iterable[FinishedVideo]) -> Self:
        """Learn from finished videos, in any order; those of which too little is known are left out."""
        whole = sorted((video for video in finished if video.is_whole), key=lambda video: video.ended, reverse=True)
        of_model: dict[str | None, list[FinishedVideo]] = {}
        for video in whole:
            of_model.setdefault(video.model, []).append(video)
        by_model: dict[str | None, Learned] = {
            model: _learned(videos) for model, videos in of_model.items() if len(videos) >= ENOUGH and model is not None
        }
        return cls(MappingProxyType(by_model), _learned(whole) if len(whole) >= ENOUGH else None)

    def of(self, model: str | None) -> Learned | None:
        """Return what is known of videos with a model; of all videos where the model is not known."""
        return self.of_all if model is None else self.by_model.get(model)


def _learned(newest_first: list[FinishedVideo]) -> Learned:
    videos = newest_first[:_MOST]
    weights = [0.5 ** (number / _HALF) for number in range(len(videos))]
    lines = {
        phase: sturdy_line(
            [
                (video.recording_seconds, video.seconds[phase], weight)
                for video, weight in list(zip(videos, weights, strict=True))[:_MOST_FOR_LINE]
            ]
        )
        for phase in _GROWING
    }
    examples = tuple(
        Example(
            weight,
            video,
            {phase: video.seconds[phase] / _on(lines[phase], video.recording_seconds) for phase in _GROWING},
        )
        for video, weight in zip(videos, weights, strict=True)
    )
    return Learned(examples, MappingProxyType(lines))


def _on(line: tuple[float, float], recording_seconds: float) -> float:
    base, slope = line
    return max(base + slope * recording_seconds, _LEAST_SECONDS)
