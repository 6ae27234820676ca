"""The filters that make the pictures of a slim video from those of the recording. Pure."""

import math

from runops_worker.media.recording.recording import Recording
from runops_worker.media.transcode.slim_length import expected_frames
from runops_worker.media.transcode.slim_size import slim_size

__all__ = ["picture_filters"]


def picture_filters(recording: Recording, *, fps: int, height: int) -> str:
    """Return ffmpeg's filters for the pictures.

    Parameters
    ----------
    recording
        The result of `probe`.
    fps, height
        As for `transcode`.
    """
    wide, high = slim_size(recording.width, recording.height, wanted_height=height)
    filters = [
        *_one_per_second(fps, hold=expected_frames(recording, fps=fps) - math.ceil(recording.video_seconds * fps)),
        # The size may change within a recording (a window was resized). All pictures go into the same frame.
        f"scale={wide}:{high}:force_original_aspect_ratio=decrease:force_divisible_by=2:reset_sar=1",
        f"pad={wide}:{high}:(ow-iw)/2:(oh-ih)/2:eval=frame",
        "format=yuv420p",
    ]
    return ",".join(filters)


def _one_per_second(fps: int, *, hold: int) -> list[str]:
    if hold <= 0:
        return [f"fps=fps={fps}:start_time=0:round=up"]
    # The video ends before the sound, so its last picture is repeated until the sound ends. That picture may begin
    # after the last regular place, and the fps filter passes such a picture on only if it rounds down. So all times are
    # moved by one place less one unit: rounding those down gives the same as rounding the original times up.
    return [
        f"setpts=PTS+ceil(1/(TB*{fps}))-1",
        f"fps=fps={fps}:start_time=0:round=down:eof_action=pass",
        *([f"tpad=stop_mode=clone:stop={hold - 1}"] if hold > 1 else []),
    ]
