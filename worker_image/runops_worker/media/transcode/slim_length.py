"""How long the slim video of a recording is, and how much it may differ from that. Pure.

It is needed before the slim video is complete: to say which chunks there will be, and where they may begin.
"""

import math

from runops_worker.media.probe.media_info import MediaInfo

__all__ = ["expected_frames", "frames_tolerance", "longest_seconds", "seconds_tolerance", "shortest_seconds"]


def expected_frames(info: MediaInfo, *, fps: int) -> int:
    """Return the number of pictures that a slim video should have."""
    # Sound that ends less than one place after the video adds no picture.
    return max(math.ceil(info.video_seconds * fps), math.floor(info.duration_seconds * fps))


def frames_tolerance(expected: int) -> int:
    """Return how many pictures may be missing, or too many."""
    return max(1, expected // 100)


def seconds_tolerance(fps: int) -> float:
    """Return by how many seconds a slim video with sound may differ from the recording."""
    return 2.0 + 1.0 / fps


def shortest_seconds(info: MediaInfo, *, fps: int) -> float:
    """Return the shortest length of a slim video that `check` accepts for this recording."""
    if info.has_audio:
        return info.duration_seconds - seconds_tolerance(fps)
    expected = expected_frames(info, fps=fps)
    return (expected - frames_tolerance(expected)) / fps


def longest_seconds(info: MediaInfo, *, fps: int) -> float:
    """Return the longest length of a slim video that `check` accepts for this recording."""
    if info.has_audio:
        return info.duration_seconds + seconds_tolerance(fps)
    expected = expected_frames(info, fps=fps)
    return (expected + frames_tolerance(expected)) / fps
