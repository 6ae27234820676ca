"""Why a recording is refused. Pure: ffmpeg's output in, a reason and a sentence out."""

from typing import Final

from runops_worker.media.codecs import VIDEO_CODECS
from runops_worker.media.errors import MediaRejected
from runops_worker.media.limits import Limits
from runops_worker.media.probe.cut_off import cut_off
from runops_worker.media.probe.input_summary import InputSummary
from runops_worker.media.probe.packets import PacketReport
from runops_worker.media.probe.screen import screen_of
from runops_worker.media.sandbox.run_tool import Outcome
from runops_worker.media.wording import distinct_text, seconds_text

__all__ = ["header_refusal", "refusal"]

# With a second recording that is as long as the first one, this is 2.
_MIXED_SHARE: Final = 1.1


def refusal(outcome: Outcome, summary: InputSummary, packets: PacketReport, limits: Limits) -> MediaRejected | None:
    """Return the first reason to refuse a recording that was read to its end; None if it is accepted.

    Parameters
    ----------
    outcome
        How ffmpeg exited.
    summary, packets
        What ffmpeg printed.
    limits
        What is accepted.
    """
    return (
        _picture_refusal(summary, packets, limits)
        or _opening_refusal(outcome, summary, packets)
        or _stream_refusal(summary, packets, limits)
        or _shape_refusal(summary, packets)
        or _time_refusal(summary, packets, limits)
    )


def header_refusal(
    outcome: Outcome, summary: InputSummary, packets: PacketReport, limits: Limits, *, demuxer: str
) -> MediaRejected | None:
    """Return a reason to refuse a recording whatever follows its header; None if the whole file must decide.

    Parameters
    ----------
    outcome, summary, packets
        ffmpeg's output for a file of which only the beginning is present, with its complete header.
    limits
        What is accepted.
    demuxer
        `mov` or `matroska`.
    """
    too_large = _picture_refusal(summary, packets, limits)
    if too_large is not None or not summary.streams:
        return too_large
    if outcome.says("matches no streams"):
        return _no_picture(summary)
    if screen_of(packets, summary).codec and (refused := _stream_refusal(summary, packets, limits)):
        return refused
    # The header of a WebM is written before the recording and may claim any length.
    claimed = 0.0 if demuxer == "matroska" else _claimed_length(summary)
    return _too_long(claimed, limits) if claimed > limits.max_duration_seconds else None


def _picture_refusal(summary: InputSummary, packets: PacketReport, limits: Limits) -> MediaRejected | None:
    screen = screen_of(packets, summary)
    sizes = [size for size in (summary.refused_picture, (screen.width, screen.height)) if size]
    width, height = max(sizes, key=lambda size: size[0] * size[1])
    if width * height <= limits.max_pixels:
        return None
    return MediaRejected(
        "PictureTooLarge",
        f"The recording's picture is {width} x {height} ({width * height / 1e6:.0f} million pixels); "
        f"the limit is {limits.max_pixels / 1e6:.0f} million pixels.",
    )


def _opening_refusal(outcome: Outcome, summary: InputSummary, packets: PacketReport) -> MediaRejected | None:
    if outcome.says("matches no streams"):
        return _no_picture(summary)
    if outcome.says("moov atom not found"):
        return MediaRejected(
            "MediaCorrupt", "The recording's index is missing: the file was cut off before its end was written."
        )
    screen = screen_of(packets, summary)
    if not screen.codec or (outcome.returncode != 0 and screen.packets == 0):
        return MediaRejected("MediaCorrupt", "The recording cannot be opened: its structure is damaged.")
    if screen.packets == 0:
        return MediaRejected("MediaCorrupt", "The recording has a video track, but no picture can be read from it.")
    return None


def _no_picture(summary: InputSummary) -> MediaRejected:
    if not summary.has_known_tracks:
        # Nobody records nothing: where no track can be recognised, the bytes that describe the tracks are wrong.
        return MediaRejected("MediaCorrupt", "No track can be recognised in the recording: its index is damaged.")
    what = "sound but no picture" if summary.has_sound else "neither a picture nor sound"
    return MediaRejected("NoVideoStream", f"The recording has {what}.")


def _stream_refusal(summary: InputSummary, packets: PacketReport, limits: Limits) -> MediaRejected | None:
    if summary.streams > limits.max_streams:
        return MediaRejected(
            "UnsupportedMedia", f"The recording has {summary.streams} streams; the limit is {limits.max_streams}."
        )
    screen = screen_of(packets, summary)
    if screen.encrypted or summary.is_encrypted:
        return MediaRejected("UnsupportedMedia", "The recording is encrypted. Upload it without copy protection.")
    if screen.codec not in VIDEO_CODECS:
        return MediaRejected(
            "UnsupportedMedia",
            f"The recording's video codec is {screen.codec}, which cannot be read. Export it as MP4 with H.264.",
        )
    return None


def _shape_refusal(summary: InputSummary, packets: PacketReport) -> MediaRejected | None:
    screen = screen_of(packets, summary)
    if screen.codec == "gif" and screen.packets == 1:
        return MediaRejected("NotAVideo", "The file is a GIF image, not a video recording.")
    if screen.width < 2 or screen.height < 2:
        return MediaRejected("MediaCorrupt", "The recording does not say how large its picture is.")
    return None


def _time_refusal(summary: InputSummary, packets: PacketReport, limits: Limits) -> MediaRejected | None:
    duration = packets.duration
    screen = screen_of(packets, summary)
    if summary.has_second_index and screen.filled > _MIXED_SHARE * (screen.end - screen.start):
        return MediaRejected(
            "TimestampGap",
            "The recording's file holds two recordings in pieces, one appended to the other, and their pictures cannot "
            "be told apart. Join them with a video editor, or upload each.",
        )
    back = screen.jumps_back_at
    if back is not None:
        return MediaRejected(
            "TimestampGap",
            f"The recording starts again after {seconds_text(back - packets.start)}: it is two recordings in one file. "
            "Join them with a video editor, or upload each.",
        )
    gap = packets.gap
    if gap is not None and gap.seconds > limits.max_gap_seconds:
        return MediaRejected(
            "TimestampGap",
            f"The recording's timestamps jump by {distinct_text(gap.seconds, limits.max_gap_seconds)} "
            f"after {seconds_text(gap.start - packets.start)}; "
            f"the longest gap allowed is {seconds_text(limits.max_gap_seconds)}.",
        )
    # ffmpeg moves the beginning it has found to 0. If the first packet is still far from 0, the transcode would write
    # pictures for the time before it, so this is a gap too.
    late = packets.start - (summary.starts_at or 0.0)
    if late > limits.max_gap_seconds:
        return MediaRejected("TimestampGap", f"The recording's timestamps begin at {seconds_text(late)} instead of 0.")
    cut = cut_off(summary, packets)
    # A recording that is too long and cut off is refused as too long: uploading it again would not help.
    longest = duration if cut is None or cut.whole is None else cut.whole
    if longest > limits.max_duration_seconds:
        return _too_long(longest, limits)
    if cut is not None and cut.whole is not None and not limits.is_worth(cut.readable, cut.whole):
        return MediaRejected(
            "MediaCorrupt",
            f"The recording is cut off: only {seconds_text(duration)} of its {seconds_text(longest)} can be read.",
        )
    if duration < limits.min_duration_seconds:
        return MediaRejected(
            "MediaTooShort",
            f"The recording is {distinct_text(duration, limits.min_duration_seconds)} long; it must be at least "
            f"{seconds_text(limits.min_duration_seconds)}.",
        )
    return None


def _claimed_length(summary: InputSummary) -> float:
    return (summary.claimed_seconds or 0.0) - max(summary.starts_at or 0.0, 0.0)


def _too_long(seconds: float, limits: Limits) -> MediaRejected:
    return MediaRejected(
        "MediaTooLong",
        f"The recording is {distinct_text(seconds, limits.max_duration_seconds)} long; "
        f"the limit is {seconds_text(limits.max_duration_seconds)}.",
    )
