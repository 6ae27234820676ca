"""The screen among the tracks that ffmpeg lists."""

from runops_worker.media.probe.input_summary import InputSummary
from runops_worker.media.probe.packets import PacketReport
from runops_worker.media.recording.screen_track import screen_track
from runops_worker.media.recording.track import Track

__all__ = ["screen_of", "screen_place"]


def screen_place(packets: PacketReport, summary: InputSummary) -> int:
    """Return the place of the screen among the tracks with pictures, as in ffmpeg's `0:V:PLACE`."""
    return screen_track(packets.videos, [header.is_default for header in summary.videos])


def screen_of(packets: PacketReport, summary: InputSummary) -> Track:
    """Return the track of the screen; an empty one if no track has pictures."""
    return next(iter(packets.videos[screen_place(packets, summary) :]), Track())
