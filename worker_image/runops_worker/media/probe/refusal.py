"""For what a recording is refused. Pure: what ffmpeg said of it in, a reason and a sentence out."""

from typing import Final

from runops_worker.media.codecs import AUDIO_CODECS, VIDEO_CODECS
from runops_worker.media.errors import MediaRejected
from runops_worker.media.limits import Limits
from runops_worker.media.probe.input_summary import Headline
from runops_worker.media.probe.packets import PacketReport
from runops_worker.media.sandbox.run_tool import Outcome
from runops_worker.media.wording import seconds_text

__all__ = ["header_refusal", "refusal"]

# A header may claim a little more than there is: the last picture's length is often a guess.
_MISSING_SHARE: Final = 0.03
_MISSING_SECONDS: Final = 2.0


def refusal(outcome: Outcome, headline: Headline, packets: PacketReport, limits: Limits) -> MediaRejected | None:
    """Name the first thing that is wrong with a recording that was read whole, the most telling first.

    Parameters
    ----------
    outcome
        How ffmpeg ended.
    headline, packets
        What it said.
    limits
        What is accepted.
    """
    return (
        _picture_refusal(headline, packets, limits)
        or _opening_refusal(outcome, headline, packets)
        or _stream_refusal(headline, packets, limits)
        or _shape_refusal(packets)
        or _time_refusal(headline, packets, limits)
    )


def header_refusal(outcome: Outcome, headline: Headline, packets: PacketReport, limits: Limits) -> MediaRejected | None:
    """Name what a header alone shows to be wrong, whatever comes after it; None where the rest has to tell.

    Parameters
    ----------
    outcome, headline, packets
        What ffmpeg said of a file of which only the beginning is there, its header in full.
    limits
        What is accepted.
    """
    too_large = _picture_refusal(headline, packets, limits)
    if too_large is not None or not headline.streams:
        return too_large
    if outcome.says("matches no streams"):
        return _no_picture(headline)
    if packets.video.codec and (refused := _stream_refusal(headline, packets, limits)):
        return refused
    claimed = headline.claimed_seconds or 0.0
    return _too_long(claimed, limits) if claimed > limits.max_duration_seconds else None


def _picture_refusal(headline: Headline, packets: PacketReport, limits: Limits) -> MediaRejected | None:
    sizes = [size for size in (headline.refused_picture, (packets.video.width, packets.video.height)) if size]
    width, height = max(sizes, key=lambda size: size[0] * size[1])
    if width * height <= limits.max_pixels:
        return None
    return MediaRejected(
        "PictureTooLarge",
        f"The recording's picture is {width} x {height} ({width * height / 1e6:.0f} million pixels); "
        f"the limit is {limits.max_pixels / 1e6:.0f} million pixels.",
    )


def _opening_refusal(outcome: Outcome, headline: Headline, packets: PacketReport) -> MediaRejected | None:
    if outcome.says("matches no streams"):
        return _no_picture(headline)
    if outcome.says("moov atom not found"):
        return MediaRejected(
            "MediaCorrupt", "The recording's index is missing: the file was cut off before its end was written."
        )
    if not packets.video.codec or (outcome.returncode != 0 and packets.video.packets == 0):
        return MediaRejected("MediaCorrupt", "The recording cannot be opened: its structure is damaged.")
    if packets.video.packets == 0:
        return MediaRejected("MediaCorrupt", "The recording announces a picture, but not one can be read.")
    return None


def _no_picture(headline: Headline) -> MediaRejected:
    what = "sound but no picture" if headline.has_sound else "neither a picture nor sound"
    return MediaRejected("NoVideoStream", f"The recording has {what}.")


def _stream_refusal(headline: Headline, packets: PacketReport, limits: Limits) -> MediaRejected | None:
    if headline.streams > limits.max_streams:
        return MediaRejected(
            "UnsupportedMedia", f"The recording has {headline.streams} streams; the limit is {limits.max_streams}."
        )
    if packets.video.codec not in VIDEO_CODECS:
        return MediaRejected(
            "UnsupportedMedia",
            f"The recording's picture is coded as {packets.video.codec}; H.264, HEVC, VP8, VP9 and AV1 can be read.",
        )
    if packets.audio.packets and packets.audio.codec not in AUDIO_CODECS:
        return MediaRejected(
            "UnsupportedMedia",
            f"The recording's sound is coded as {packets.audio.codec}; AAC, Opus, Vorbis, MP3 and PCM can be read.",
        )
    return None


def _shape_refusal(packets: PacketReport) -> MediaRejected | None:
    if packets.video.width < 2 or packets.video.height < 2:
        return MediaRejected("MediaCorrupt", "The recording does not say how large its picture is.")
    return None


def _time_refusal(headline: Headline, packets: PacketReport, limits: Limits) -> MediaRejected | None:
    duration = packets.duration
    if packets.largest_gap > limits.max_gap_seconds:
        return MediaRejected(
            "TimestampGap",
            f"The recording's time stamps jump by {seconds_text(packets.largest_gap)} "
            f"after {seconds_text(packets.gap_at)}; at most {seconds_text(limits.max_gap_seconds)} may be empty.",
        )
    # Pictures are counted from 0 on; where ffmpeg does not see how far away from 0 the first one lies, that is a gap.
    late = packets.start - (headline.starts_at or 0.0)
    if late > limits.max_gap_seconds:
        return MediaRejected("TimestampGap", f"The recording's time stamps begin at {seconds_text(late)} instead of 0.")
    # A file that is too long and cut off is still too long for whoever uploads it anew.
    longest = max(duration, headline.claimed_seconds or 0.0)
    if longest > limits.max_duration_seconds:
        return _too_long(longest, limits)
    claimed = headline.claimed_seconds
    if claimed is not None and claimed - duration > max(_MISSING_SECONDS, claimed * _MISSING_SHARE):
        return MediaRejected(
            "MediaCorrupt",
            f"The recording is cut off: only {seconds_text(duration)} of its {seconds_text(claimed)} can be read.",
        )
    if duration < limits.min_duration_seconds:
        return MediaRejected(
            "MediaTooShort",
            f"The recording is {seconds_text(duration)} long; it must be at least "
            f"{seconds_text(limits.min_duration_seconds)}.",
        )
    return None


def _too_long(seconds: float, limits: Limits) -> MediaRejected:
    return MediaRejected(
        "MediaTooLong",
        f"The recording is {seconds_text(seconds)} long; the limit is {seconds_text(limits.max_duration_seconds)}.",
    )
