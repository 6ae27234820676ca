"""Look at a recording before anything is done with it: what it is, how long it really is, and whether it is refused.

ffmpeg only takes the file apart here and decodes no picture beyond what it needs to find the streams: about 2 % of the
time of a transcode. It is asked for every packet's time, because what a header claims is neither complete nor true.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from runops_worker.media.child import Allowance, Outcome, Reach, run_tool
from runops_worker.media.command import AUDIO_CODECS, VIDEO_CODECS, hardened
from runops_worker.media.errors import MediaRejected, MediaToolFailed
from runops_worker.media.headline import Headline
from runops_worker.media.limits import Limits
from runops_worker.media.magic import HEAD_BYTES, demuxer_for
from runops_worker.media.packets import PacketReport
from runops_worker.media.wording import bytes_text, seconds_text

__all__ = ["MediaInfo", "probe"]

_MEGABYTE: Final = 1024**2
# A header may claim a little more than there is: the last picture's length is often a guess.
_MISSING_SHARE: Final = 0.03
_MISSING_SECONDS: Final = 2.0


@dataclass(frozen=True, kw_only=True)
class MediaInfo:
    """What a recording is.

    Attributes
    ----------
    duration_seconds
        From the first packet to the end of the last one, picture or sound.
    video_seconds
        Until the end of the last picture. Recorders that send a picture only on change stop before the sound does.
    width, height
        In pixels as a player shows it: after rotation, with square pixels.
    video_codec, audio_codec
        ffmpeg's names; the latter is None without sound.
    has_audio
        Whether there is any sound.
    frames
        Number of pictures.
    container
        ffmpeg's demuxer: `mov` or `matroska`.
    size_bytes
        Size of the file.
    """

    duration_seconds: float
    video_seconds: float
    width: int
    height: int
    video_codec: str
    audio_codec: str | None
    has_audio: bool
    frames: int
    container: str
    size_bytes: int

    @property
    def frames_per_second(self) -> float:
        """Average number of pictures per second."""
        return self.frames / self.video_seconds if self.video_seconds else 0.0


async def probe(path: Path, *, limits: Limits) -> MediaInfo:
    """Read a recording once and judge it.

    Parameters
    ----------
    path
        The file.
    limits
        What is accepted.

    Returns
    -------
    MediaInfo
        What it is, when it is accepted.

    Raises
    ------
    MediaRejected
        With any of its reasons.
    MediaToolFailed
        ffmpeg ran out of time or memory, or is missing.
    OSError
        The file cannot be read.
    """
    size = path.stat().st_size  # noqa: ASYNC240 - local disk
    with path.open("rb") as stream:
        demuxer = demuxer_for(stream.read(HEAD_BYTES))
    if size > limits.max_bytes:
        raise MediaRejected(
            "MediaTooLarge",
            f"The recording is {bytes_text(size)} large; the limit is {bytes_text(limits.max_bytes)}.",
        )
    headline, packets = Headline(), PacketReport()
    try:
        outcome = await _read_once(path, demuxer, size, headline, packets, limits=limits)
    except MediaToolFailed as failed:
        if not failed.out_of_memory:
            raise
        # Nothing is decoded here, and the bound is the same on every machine: another try asks for as much.
        megabytes = limits.max_memory_bytes // _MEGABYTE
        raise MediaRejected(
            "MediaCorrupt",
            f"The recording cannot be opened: its structure asks for more than {megabytes} MiB of memory.",
        ) from failed
    refusal = _refusal(outcome, headline, packets, limits)
    if refusal is not None:
        raise refusal
    return _describe(demuxer, size, headline, packets)


async def _read_once(
    path: Path, demuxer: str, size: int, headline: Headline, packets: PacketReport, *, limits: Limits
) -> Outcome:
    return await run_tool(
        [
            *hardened(path, demuxer=demuxer, max_pixels=limits.max_pixels, input_options=("-copyts",)),
            *("-map", "0:V:0", "-map", "0:a:0?", "-c", "copy", "-f", "framecrc", "-"),
        ],
        allowance=Allowance(
            seconds=limits.probe_deadline(size),
            memory_bytes=limits.max_memory_bytes,
            file_bytes=_MEGABYTE,
            require_landlock=limits.require_landlock,
        ),
        reach=Reach(reads=(path,)),
        on_stdout=packets.take,
        on_stderr=headline.take,
    )


def _describe(demuxer: str, size: int, headline: Headline, packets: PacketReport) -> MediaInfo:
    video = packets.video
    # Pixels are made square by widening, so that no line of text is lost.
    width, height = max(round(video.width * float(video.sar)), 1), video.height
    if round(headline.rotation / 90) % 2:
        width, height = height, width
    has_audio = packets.audio.packets > 0
    return MediaInfo(
        duration_seconds=packets.duration,
        video_seconds=packets.video_end,
        width=width,
        height=height,
        video_codec=video.codec,
        audio_codec=packets.audio.codec if has_audio else None,
        has_audio=has_audio,
        frames=video.packets,
        container=demuxer,
        size_bytes=size,
    )


def _refusal(outcome: Outcome, headline: Headline, packets: PacketReport, limits: Limits) -> MediaRejected | None:
    """Name the first thing that is wrong, the most telling first."""
    return (
        _picture_refusal(headline, packets, limits)
        or _opening_refusal(outcome, headline, packets)
        or _stream_refusal(headline, packets, limits)
        or _time_refusal(headline, packets, limits)
    )


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
        what = "sound but no picture" if headline.has_sound else "neither a picture nor sound"
        return MediaRejected("NoVideoStream", f"The recording has {what}.")
    if outcome.says("moov atom not found"):
        return MediaRejected(
            "MediaCorrupt", "The recording's index is missing: the file was cut off before its end was written."
        )
    if not packets.video.codec or (outcome.returncode != 0 and packets.video.packets == 0):
        return MediaRejected("MediaCorrupt", "The recording cannot be opened: its structure is damaged.")
    if packets.video.packets == 0:
        return MediaRejected("MediaCorrupt", "The recording announces a picture, but not one can be read.")
    return None


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
        return MediaRejected(
            "MediaTooLong",
            f"The recording is {seconds_text(longest)} long; the limit is {seconds_text(limits.max_duration_seconds)}.",
        )
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
