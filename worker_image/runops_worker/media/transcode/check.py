"""Checks the slim video after ffmpeg has written it. Pure."""

from typing import Final

from runops_worker.media.errors import MediaRejected
from runops_worker.media.limits import Limits
from runops_worker.media.probe.packets import PacketReport
from runops_worker.media.recording.recording import Recording
from runops_worker.media.transcode.decoding_report import DecodingReport
from runops_worker.media.transcode.slim_length import expected_frames, frames_tolerance, seconds_tolerance
from runops_worker.media.wording import distinct_text, seconds_text

__all__ = ["check"]

_BAD_SHARE: Final = 0.01
_BAD_PICTURES: Final = 3


def check(
    packets: PacketReport,
    *,
    recording: Recording,
    fps: int,
    report: DecodingReport,
    limits: Limits,
    damaged_seconds: float = 0.0,
) -> None:
    """Accept or refuse a slim video.

    Parameters
    ----------
    packets
        What is in the slim video.
    recording
        What the recording is.
    fps
        Pictures per second of the slim video.
    report
        How well the recording could be decoded.
    limits
        How much must be readable.
    damaged_seconds
        For how long its picture is damaged.

    Raises
    ------
    MediaRejected
        MediaCorrupt: too little of the picture can be decoded (more than 1 % of the pictures and at least 3 cannot, and
        what is left is not worth it), or there are too few pictures, too many pictures, or no sound, or the length is
        another one.
    """
    bad, seconds = report.errors + report.damaged, recording.video_seconds
    is_bad = bad >= _BAD_PICTURES and report.bad_share > _BAD_SHARE
    if is_bad and not limits.is_worth(seconds - damaged_seconds, seconds):
        raise MediaRejected(
            "MediaCorrupt", f"The recording is damaged: {bad} of its {report.packets} pictures cannot be decoded."
        )
    expected = expected_frames(recording, fps=fps)
    frames = packets.video.packets
    if abs(frames - expected) > frames_tolerance(expected):
        raise MediaRejected(
            "MediaCorrupt",
            f"The recording is damaged: decoding its {seconds_text(recording.duration_seconds)} gave {frames} pictures "
            f"instead of {expected}.",
        )
    if recording.has_audio and packets.audio.packets == 0:
        raise MediaRejected("MediaCorrupt", "The recording has a sound track, but none of it can be decoded.")
    if packets.audio.packets and abs(packets.duration - recording.duration_seconds) > seconds_tolerance(fps):
        # ffmpeg ended well, so another attempt gives the same: the file's times contradict each other.
        raise MediaRejected(
            "MediaCorrupt",
            "The recording is damaged: decoding its "
            f"{distinct_text(recording.duration_seconds, packets.duration)} gave "
            f"{distinct_text(packets.duration, recording.duration_seconds)} of picture and sound.",
        )
