"""How long the slim video of a recording is, and how much it may differ from that. Pure.

It is needed before the slim video is complete: to say which chunks there will be, and where they may begin.
"""

import math
from typing import Final

from runops_worker.media.recording.recording import Recording

__all__ = [
    "expected_frames",
    "frames_tolerance",
    "longest_seconds",
    "seconds_tolerance",
    "shortest_seconds",
    "shown_frames",
]

# Matroska rounds times to milliseconds: a picture that ends at 4.003 s has its end at 4 s.
_ROUNDING_SECONDS: Final = 0.005


def shown_frames(recording: Recording, *, fps: int) -> int:
    """Return at how many places of a slim video the recording has a picture; the last one may be held longer."""
    return max(math.ceil((recording.video_seconds - _ROUNDING_SECONDS) * fps), 1)


def expected_frames(recording: Recording, *, fps: int) -> int:
    """Return the number of pictures that a slim video should have."""
    # Sound that ends less than one place after the video adds no picture.
    return max(shown_frames(recording, fps=fps), math.floor(recording.duration_seconds * fps))


def frames_tolerance(expected: int) -> int:
    """Return how many pictures may be missing, or too many."""
    return max(1, expected // 100)


def seconds_tolerance(fps: int) -> float:
    """Return by how many seconds a slim video with sound may differ from the recording."""
    return 2.0 + 1.0 / fps


def shortest_seconds(recording: Recording, *, fps: int) -> float:
    """Return the shortest length of a slim video that `check` accepts for this recording."""
    if recording.has_audio:
        return recording.duration_seconds - seconds_tolerance(fps)
    expected = expected_frames(recording, fps=fps)
    return (expected - frames_tolerance(expected)) / fps


def longest_seconds(recording: Recording, *, fps: int) -> float:
    """Return the longest length of a slim video that `check` accepts for this recording."""
    if recording.has_audio:
        return recording.duration_seconds + seconds_tolerance(fps)
    expected = expected_frames(recording, fps=fps)
    return (expected + frames_tolerance(expected)) / fps
