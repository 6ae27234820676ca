"""The ffmpeg command that writes a slim video."""

from pathlib import Path
from typing import Final

from runops_worker.media.limits import Limits
from runops_worker.media.recording.recording import Recording
from runops_worker.media.sandbox.ffmpeg import hardened
from runops_worker.media.transcode.chunks import plan_chunks
from runops_worker.media.transcode.picture_filters import PicturePlan, picture_filters
from runops_worker.media.transcode.seams import key_frames
from runops_worker.media.transcode.shown_pictures import SHOWN_FORMAT
from runops_worker.media.transcode.slim_length import longest_seconds
from runops_worker.media.transcode.sound_graph import sound_options

__all__ = ["FRAGMENT_SECONDS", "slim_command"]

FRAGMENT_SECONDS: Final = 5.0
"""Length of a fragment. What ffmpeg has encoded can be read this much later."""

# A thread that decodes these codecs often waits for rows of another picture, so more threads than processors help. Each
# thread holds a picture in memory.
_WAITING_CODECS: Final = frozenset({"h264", "hevc"})
_MOST_PIXELS_FOR_MORE_THREADS: Final = 2560 * 1440
# In pictures that are a second apart, sub-pixel motion is rare, and small blocks keep the edges of letters sharp.
_SEARCH: Final = "subme=1:weightp=0:8x8dct=0:partitions=i4x4"
# A short lookahead saves 20 MB and changes nothing else at one picture per second.
# Without B-frames, pictures are stored in the order in which they are shown, so a copied chunk ends where it should.
_ENCODER: Final = (
    *("-c:v", "libx264", "-preset", "veryfast"),
    *("-x264-params", f"rc-lookahead=4:sync-lookahead=0:bframes=0:{_SEARCH}"),
    *("-threads", "1", "-filter_threads", "1"),
)
# A usual MP4 has its index at the end and cannot be read before it is complete. Each fragment has its own index.
# delay_moov: the header is written with the first fragment, when the length of the decoder's sound preroll is known.
# flush_packets: each fragment is flushed when it is complete. A file that ends within an index cannot be read at all.
_FRAGMENTED: Final = (
    *("-movflags", "+delay_moov+default_base_moof", "-frag_duration", f"{FRAGMENT_SECONDS * 1e6:.0f}"),
    *("-flush_packets", "1"),
)


def slim_command(
    source: Path,
    target: Path,
    *,
    recording: Recording,
    fps: int,
    crf: int,
    plan: PicturePlan,
    limits: Limits,
    dropping: Path | None,
    fragmented: bool,
    sound_changes: bool = False,
) -> list[str]:
    """Return the command.

    Parameters
    ----------
    source, target
        The recording, and the MP4 to write.
    recording
        The result of `probe` for the source.
    fps, crf
        As for `transcode`.
    plan
        What to make of the pictures.
    limits
        What ffmpeg may use.
    dropping
        A file with the bitstream filter that drops coded pictures before they are decoded. ffmpeg then prints on
        standard output which picture it writes at each place. None: all pictures are decoded.
    fragmented
        Whether the MP4 must be readable while it is written.
    sound_changes
        As for `sound_options`.
    """
    drop: tuple[str, ...] = ()
    stats: tuple[str, ...] = ()
    if dropping is not None:
        drop = (f"-/bsf:V:{recording.screen}", str(dropping.absolute()))
        stats = ("-stats_enc_pre:v:0", "pipe:1", "-stats_enc_pre_fmt:v:0", SHOWN_FORMAT)
    decoder = ("-threads", str(_decoder_threads(recording)), *drop)
    turning = ("-noautorotate",) if plan.turns_last else ()
    # Times as they are in the media, see `Recording.edits`.
    media = ("-copyts", "-ignore_editlist", "1") if recording.edits else ()
    options = (*media, *decoder, *turning, "-reinit_filter:v", "0", "-t", f"{limits.max_duration_seconds}")
    chunks = len(plan_chunks(longest_seconds(recording, fps=fps)))
    return [
        *hardened(
            source,
            demuxer=recording.container,
            max_pixels=limits.max_pixels,
            input_options=options,
            parts=recording.parts,
        ),
        # However much cannot be decoded, ffmpeg goes on to the end: `check` decides what is too much.
        *("-v", "level+repeat+verbose", "-progress", "pipe:1", "-max_error_rate", "1"),
        *("-map", f"0:V:{recording.screen}", "-sn", "-dn", "-map_metadata", "-1", "-map_chapters", "-1"),
        *("-vf", picture_filters(recording, plan, fps=fps)),
        *(*_ENCODER, "-crf", str(crf), *stats),
        *("-force_key_frames", key_frames(chunks)),
        *sound_options(recording.sounds, seconds=recording.duration_seconds, changes=sound_changes),
        *(_FRAGMENTED if fragmented else ("-movflags", "+faststart")),
        *("-f", "mp4", f"file:{target.absolute()}"),
    ]


def _decoder_threads(recording: Recording) -> int:
    small = recording.width * recording.height <= _MOST_PIXELS_FOR_MORE_THREADS
    return 4 if small and recording.video_codec in _WAITING_CODECS else 2
