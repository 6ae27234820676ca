"""Slim a recording: few pictures per second, small, with speech as small mono sound.

Second k of the slim video shows what the screen showed at second k, that is the last picture that began at or before
it (`round=up`), since the model stamps what it sees by the slim video's seconds. Pictures that no other picture is
built upon are not decoded where there are plenty of others, which saves about a third of the work; what is shown may
then be a picture or two older.
"""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Final

from runops_worker.media.child import Allowance, Reach, run_tool
from runops_worker.media.chunks import KEY_FRAME_SECONDS
from runops_worker.media.command import hardened
from runops_worker.media.decoding import DecodingReport
from runops_worker.media.errors import MediaRejected, MediaToolFailed
from runops_worker.media.geometry import slim_size
from runops_worker.media.limits import Limits
from runops_worker.media.packets import PacketReport
from runops_worker.media.probe import MediaInfo
from runops_worker.media.slim import SlimVideo, inspect_slim
from runops_worker.media.wording import seconds_text

__all__ = ["transcode"]

# Two decoding threads keep two processors busy; each further one holds more pictures in memory.
_DECODER_THREADS: Final = 2
# A short lookahead costs nothing measurable at one picture per second and saves 20 MB.
# Without B-frames pictures are stored in the order they are shown, so that a copied piece ends where it should.
_ENCODER: Final = (
    *("-c:v", "libx264", "-preset", "veryfast", "-x264-params", "rc-lookahead=4:sync-lookahead=0:bframes=0"),
    *("-threads", "1", "-filter_threads", "1"),
)
_SOUND: Final = ("-c:a", "aac", "-ac", "1", "-ar", "16000", "-b:a", "32k")
_SKIPPABLE_CODECS: Final = frozenset({"h264", "hevc"})
_SKIPPABLE_RATE: Final = 20.0
_LEAST_DECODED_RATE: Final = 5.0
_BAD_SHARE: Final = 0.01
_BAD_PICTURES: Final = 3
_BYTES_PER_PICTURE: Final = 512 * 1024
_SPARE_BYTES: Final = 64 * 1024**2


async def transcode(
    source: Path,
    target: Path,
    *,
    info: MediaInfo,
    fps: int,
    height: int,
    crf: int,
    limits: Limits,
    on_progress: Callable[[float], None],
) -> SlimVideo:
    """Write the slim video of a recording.

    Parameters
    ----------
    source, target
        The recording, and where the slim MP4 goes. It is written beside the target and renamed once it is checked.
    info
        What `probe` said of the source.
    fps
        Pictures per second.
    height
        Height in pixels at most; a smaller recording keeps its size.
    crf
        Quality of H.264, 0 (best) to 51.
    limits
        What ffmpeg may use.
    on_progress
        Called with the share that is done, 0 to 1.

    Returns
    -------
    SlimVideo
        The checked result.

    Raises
    ------
    MediaRejected
        MediaCorrupt, when too much of the recording cannot be decoded.
    MediaToolFailed
        ffmpeg ran out of time, memory or disk, or its result is not what was asked for.
    """
    part = target.with_name(target.name + ".part")
    skip = info.video_codec in _SKIPPABLE_CODECS and info.frames_per_second >= _SKIPPABLE_RATE
    try:
        report = DecodingReport()
        for skipping in (True, False) if skip else (False,):
            report = await _run(
                _command(source, part, info=info, fps=fps, height=height, crf=crf, limits=limits, skipping=skipping),
                reach=Reach(reads=(source,), writes=(part,)),
                info=info,
                fps=fps,
                limits=limits,
                on_progress=on_progress,
            )
            if not skipping or report.pictures >= _LEAST_DECODED_RATE * fps * info.video_seconds:
                break
        slim = await inspect_slim(part, limits=limits)
        _check(slim, info=info, fps=fps, report=report)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return SlimVideo(
        path=target,
        bytes=target.stat().st_size,  # noqa: ASYNC240 - one call on a local disk
        duration_seconds=slim.duration,
        frames=slim.video.packets,
        has_audio=slim.audio.packets > 0,
        fps=fps,
    )


def _command(
    source: Path, part: Path, *, info: MediaInfo, fps: int, height: int, crf: int, limits: Limits, skipping: bool
) -> list[str]:
    wide, high = slim_size(info.width, info.height, wanted_height=height)
    hold = _expected_frames(info, fps=fps) - math.ceil(info.video_seconds * fps)
    filters = [
        f"fps=fps={fps}:start_time=0:round=up",
        # Where the picture ends before the sound, the last one stays.
        *([f"tpad=stop_mode=clone:stop={hold}"] if hold > 0 else []),
        # A recording may change its size on the way (a window was resized): all of it goes into the same frame.
        f"scale={wide}:{high}:force_original_aspect_ratio=decrease:force_divisible_by=2:reset_sar=1",
        f"pad={wide}:{high}:(ow-iw)/2:(oh-ih)/2:eval=frame",
        "format=yuv420p",
    ]
    skip = ("-skip_frame", "noref") if skipping else ()
    options = ("-threads", str(_DECODER_THREADS), *skip, "-reinit_filter", "0", "-t", f"{limits.max_duration_seconds}")
    return [
        *hardened(source, demuxer=info.container, max_pixels=limits.max_pixels, input_options=options),
        *("-v", "repeat+verbose", "-progress", "pipe:1"),
        *("-map", "0:V:0", "-map", "0:a:0?", "-sn", "-dn", "-map_metadata", "-1", "-map_chapters", "-1"),
        *("-vf", ",".join(filters), *_ENCODER, "-crf", str(crf)),
        *("-force_key_frames", f"expr:gte(t,n_forced*{KEY_FRAME_SECONDS})", *_SOUND),
        *("-movflags", "+faststart", "-f", "mp4", f"file:{part.absolute()}"),
    ]


def _expected_frames(info: MediaInfo, *, fps: int) -> int:
    # Sound that ends a moment after the picture is no reason for one more picture.
    return max(math.ceil(info.video_seconds * fps), math.floor(info.duration_seconds * fps))


async def _run(
    command: list[str],
    *,
    reach: Reach,
    info: MediaInfo,
    fps: int,
    limits: Limits,
    on_progress: Callable[[float], None],
) -> DecodingReport:
    report = DecodingReport()

    def progress(line: str) -> None:
        key, _, value = line.partition("=")
        if key == "out_time_us" and value.lstrip("-").isdigit():
            on_progress(min(max(int(value) / 1e6 / info.duration_seconds, 0.0), 1.0))

    pictures = math.ceil(info.duration_seconds * fps)
    outcome = await run_tool(
        command,
        allowance=Allowance(
            seconds=limits.transcode_deadline(info.duration_seconds),
            memory_bytes=limits.max_memory_bytes,
            file_bytes=_SPARE_BYTES + pictures * _BYTES_PER_PICTURE,
            require_landlock=limits.require_landlock,
        ),
        reach=reach,
        on_stdout=progress,
        on_stderr=report.take,
    )
    if report.pictures == 0 and (report.packets or outcome.says("Error while opening decoder")):
        raise MediaRejected("MediaCorrupt", "Not one picture of the recording can be decoded.")
    if outcome.returncode != 0:
        raise MediaToolFailed(f"ffmpeg could not write the slim video (it ended with code {outcome.returncode}).")
    on_progress(1.0)
    return report


def _check(packets: PacketReport, *, info: MediaInfo, fps: int, report: DecodingReport) -> None:
    bad = report.errors + report.damaged
    if bad >= _BAD_PICTURES and report.bad_share > _BAD_SHARE:
        raise MediaRejected(
            "MediaCorrupt", f"The recording is damaged: {bad} of its {report.packets} pictures cannot be decoded."
        )
    expected = _expected_frames(info, fps=fps)
    frames = packets.video.packets
    if abs(frames - expected) > max(1, expected // 100):
        raise MediaRejected(
            "MediaCorrupt",
            f"The recording is damaged: it gave {frames} pictures where {expected} were expected "
            f"for its {seconds_text(info.duration_seconds)}.",
        )
    if info.has_audio and packets.audio.packets == 0:
        raise MediaRejected("MediaCorrupt", "The recording has a sound track, but nothing of it can be decoded.")
    if packets.audio.packets and abs(packets.duration - info.duration_seconds) > 2.0 + 1.0 / fps:
        raise MediaToolFailed(
            f"The slim video is {seconds_text(packets.duration)} long; "
            f"the recording is {seconds_text(info.duration_seconds)} long."
        )
