"""How many tokens a request and an answer count. Pure arithmetic."""

import math
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from devstack.gemini.models import Model
from devstack.gemini.wire.api_error import invalid

__all__ = ["TIMESTAMP_PER_SECOND", "PromptTokens", "media_seconds", "text_tokens"]

TIMESTAMP_PER_SECOND = 7
_IMAGE_TOKENS = 258
_SHORTEST_VIDEO = 0.5
_RESOLUTIONS = {
    "MEDIA_RESOLUTION_UNSPECIFIED": 1,
    "MEDIA_RESOLUTION_LOW": 0,
    "MEDIA_RESOLUTION_MEDIUM": 1,
    "MEDIA_RESOLUTION_HIGH": 2,
}


def text_tokens(text: str) -> int:
    """Return the tokens of a text: a quarter of its characters, rounded up."""
    return math.ceil(len(text) / 4)


def _offset(value: Any, *, name: str) -> float:
    try:
        seconds = float(str(value).removesuffix("s"))
    except ValueError:
        seconds = math.nan
    if not str(value).endswith("s") or not 0 <= seconds < math.inf:
        raise invalid(f"Invalid {name} {value!r}: it must be a number of seconds such as '12s'.")
    return seconds


def media_seconds(metadata: dict[str, Any], *, duration: float) -> tuple[float, float]:
    """Return the start and end, in seconds, of what a part's `videoMetadata` leaves of its file.

    Raises
    ------
    ApiError
        400: an offset that is not a number of seconds, or an end before the start.
    """
    start = _offset(metadata["startOffset"], name="start_offset") if "startOffset" in metadata else 0.0
    end = _offset(metadata["endOffset"], name="end_offset") if "endOffset" in metadata else duration
    if end < start:
        raise invalid("The end_offset of a video must not be before its start_offset.")
    return min(start, duration), min(end, duration)


@dataclass
class PromptTokens:
    """A running count by modality.

    Attributes
    ----------
    counts : dict
        Tokens under ``TEXT``, ``VIDEO``, ``AUDIO``, ``IMAGE``.
    """

    counts: dict[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """Sum over all modalities."""
        return sum(self.counts.values())

    def add(self, modality: str, count: int) -> None:
        """Count tokens of one modality; zero leaves no trace."""
        if count:
            self.counts[modality] = self.counts.get(modality, 0) + count

    def add_video(
        self, *, model: Model, metadata: dict[str, Any], resolution: str, duration: float, has_audio: bool
    ) -> None:
        """Count a video: frames by resolution, its audio, and a timestamp per second (as text).

        Parameters
        ----------
        model : Model
            Decides what a frame and a second of sound cost.
        metadata : dict
            `videoMetadata` of the part: offsets and frames per second.
        resolution : str
            A `MEDIA_RESOLUTION_...` name.
        duration : float
            Seconds of the whole file.
        has_audio : bool
            Whether it has a sound track.

        Raises
        ------
        ApiError
            400: unknown resolution, frames per second outside (0, 24], malformed offsets.
        """
        fps = metadata.get("fps", 1.0)
        if not isinstance(fps, int | float) or isinstance(fps, bool) or not 0 < fps <= 24:
            raise invalid(f"Invalid fps {fps!r}: it must be in (0, 24].")
        if resolution not in _RESOLUTIONS:
            raise invalid(f"Invalid media_resolution {resolution!r}.")
        start, end = media_seconds(metadata, duration=duration)
        length = end - start
        whole = math.ceil(length)
        # The service takes in no picture at all of a clip this short.
        if length >= _SHORTEST_VIDEO:
            frames = max(1, math.ceil(length * fps))
            self.add("VIDEO", frames * model.frame_tokens[_RESOLUTIONS[resolution]])
        self.add("TEXT", whole * TIMESTAMP_PER_SECOND)
        if has_audio:
            self.add("AUDIO", whole * model.sound_tokens)

    def add_audio(self, *, model: Model, duration: float) -> None:
        """Count an audio file of so many seconds."""
        self.add("AUDIO", math.ceil(duration) * model.sound_tokens)

    def add_image(self) -> None:
        """Count one still picture."""
        self.add("IMAGE", _IMAGE_TOKENS)

    def without(self, modalities: Collection[str]) -> "PromptTokens":
        """Return the count without some modalities."""
        return PromptTokens({name: count for name, count in self.counts.items() if name not in modalities})

    def details(self) -> list[dict[str, Any]]:
        """Return `promptTokensDetails`."""
        return [{"modality": name, "tokenCount": count} for name, count in self.counts.items()]
