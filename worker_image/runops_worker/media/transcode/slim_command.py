"""The command that writes a slim video, and how many pictures it should come to."""

import math
from pathlib import Path
from typing import Final

from runops_worker.media.limits import Limits
from runops_worker.media.probe.media_info import MediaInfo
from runops_worker.media.sandbox.ffmpeg import hardened
from runops_worker.media.transcode.chunks import KEY_FRAME_SECONDS
from runops_worker.media.transcode.shown_pictures import SHOWN_FORMAT
from runops_worker.media.transcode.slim_size import slim_size

__all__ = ["FRAGMENT_SECONDS", "expected_frames", "slim_command"]

FRAGMENT_SECONDS: Final = 5.0
"""How much a fragment holds: what is encoded can be read so much later."""

# Pictures of these codecs wait for rows of others: more threads than processors work meanwhile. Each holds a picture.
_WAITING_CODECS: Final = frozenset({"h264", "hevc"})
_MOST_PIXELS_FOR_MORE_THREADS: Final = 2560 * 1440
# Between two pictures a second apart little moves by parts of a pixel, and small blocks hold the edges of letters.
_SEARCH: Final = "subme=1:weightp=0:8x8dct=0:partitions=i4x4"
# A short lookahead costs nothing measurable at one picture per second and saves 20 MB.
# Without B-frames pictures are stored in the order they are shown, so that a copied piece ends where it should.
_ENCODER: Final = (
    *("-c:v", "libx264", "-preset", "veryfast"),
    *("-x264-params", f"rc-lookahead=4:sync-lookahead=0:bframes=0:{_SEARCH}"),
    *("-threads", "1", "-filter_threads", "1"),
)
# With its index at its end, as usual, nothing of a file can be read before all is written. A fragment has its own.
# The header waits for the first one (delay_moov), for only then is it known how much sound warms up the decoder.
# Each is flushed when it is whole, lest the file end within an index until the next comes: then nothing can be read.
_FRAGMENTED: Final = (
    *("-movflags", "+delay_moov+default_base_moof", "-frag_duration", f"{FRAGMENT_SECONDS * 1e6:.0f}"),
    *("-flush_packets", "1"),
)
# The fast coder takes half the time, and what it gives is 2 to 3 dB closer to the sound.
_SOUND: Final = ("-c:a", "aac", "-aac_coder", "fast", "-ac", "1", "-ar", "16000", "-b:a", "32k")


def slim_command(
    source: Path,
    target: Path,
    *,
    info: MediaInfo,
    fps: int,
    height: int,
    crf: int,
    limits: Limits,
    dropping: Path | None,
    fragmented: bool,
) -> list[str]:
    """Give the command.

    Parameters
    ----------
    source, target
        The recording, and the MP4 that is written.
    info
        What `probe` said of the source.
    fps, height, crf
        As for `transcode`.
    limits
        What ffmpeg may use.
    dropping
        A file with the bitstream filter that drops coded pictures before they are decoded. ffmpeg then prints on
        standard output which picture it shows where. None: all are decoded.
    fragmented
        Whether it can be read while it is written.
    """
    wide, high = slim_size(info.width, info.height, wanted_height=height)
    filters = [
        *_one_per_second(fps, hold=expected_frames(info, fps=fps) - math.ceil(info.video_seconds * fps)),
        # A recording may change its size on the way (a window was resized): all of it goes into the same frame.
        f"scale={wide}:{high}:force_original_aspect_ratio=decrease:force_divisible_by=2:reset_sar=1",
        f"pad={wide}:{high}:(ow-iw)/2:(oh-ih)/2:eval=frame",
        "format=yuv420p",
    ]
    drop: tuple[str, ...] = ()
    account: tuple[str, ...] = ()
    if dropping is not None:
        drop = ("-/bsf:V:0", str(dropping.absolute()))
        account = ("-stats_enc_pre:v:0", "pipe:1", "-stats_enc_pre_fmt:v:0", SHOWN_FORMAT)
    decoder = ("-threads", str(_decoder_threads(info)), *drop)
    options = (*decoder, "-reinit_filter", "0", "-t", f"{limits.max_duration_seconds}")
    return [
        *hardened(source, demuxer=info.container, max_pixels=limits.max_pixels, input_options=options),
        *("-v", "level+repeat+verbose", "-progress", "pipe:1"),
        *("-map", "0:V:0", "-map", "0:a:0?", "-sn", "-dn", "-map_metadata", "-1", "-map_chapters", "-1"),
        *("-vf", ",".join(filters), *_ENCODER, "-crf", str(crf), *account),
        *("-force_key_frames", f"expr:gte(t,n_forced*{KEY_FRAME_SECONDS})", *_SOUND),
        *(_FRAGMENTED if fragmented else ("-movflags", "+faststart")),
        *("-f", "mp4", f"file:{target.absolute()}"),
    ]


def _decoder_threads(info: MediaInfo) -> int:
    small = info.width * info.height <= _MOST_PIXELS_FOR_MORE_THREADS
    return 4 if small and info.video_codec in _WAITING_CODECS else 2


def _one_per_second(fps: int, *, hold: int) -> list[str]:
    if hold <= 0:
        return [f"fps=fps={fps}:start_time=0:round=up"]
    # The picture ends before the sound, and its last one stays until the sound ends. It may have begun behind the last
    # place that is filled otherwise, and the filter passes such a one on only where it rounds down: so all times are
    # put off by a unit less than one place, and rounded down they come out as if they had been rounded up.
    return [
        f"setpts=PTS+ceil(1/(TB*{fps}))-1",
        f"fps=fps={fps}:start_time=0:round=down:eof_action=pass",
        *([f"tpad=stop_mode=clone:stop={hold - 1}"] if hold > 1 else []),
    ]


def expected_frames(info: MediaInfo, *, fps: int) -> int:
    """Return how many pictures a slim video should have."""
    # Sound that ends a moment after the picture is no reason for one more picture.
    return max(math.ceil(info.video_seconds * fps), math.floor(info.duration_seconds * fps))
