"""Writes the busy parts of a clip as a clip of their own."""

from pathlib import Path
from typing import Final

from runops_worker.media.errors import MediaToolFailed
from runops_worker.media.limits import Limits
from runops_worker.media.sandbox.ffmpeg import hardened
from runops_worker.media.sandbox.run_tool import Allowance, Reach, run_tool
from runops_worker.media.transcode.idle import ClipTimes
from runops_worker.media.transcode.slim_video import inspect_slim

__all__ = ["condense"]

_SPARE_BYTES: Final = 64 * 1024**2
_SECONDS: Final = 60.0
_PICTURES: Final = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-threads", "1", "-filter_threads", "1")
_SOUND: Final = ("-c:a", "aac", "-aac_coder", "fast", "-b:a", "32k")


async def condense(clip: Path, times: ClipTimes, target: Path, *, fps: int, with_sound: bool, limits: Limits) -> None:
    """Write the kept parts of a clip one after the other.

    Parameters
    ----------
    clip
        An MP4 that was cut from a slim video.
    times
        Which parts are kept.
    target
        The file.
    fps
        Pictures per second of the clip.
    with_sound
        Whether its sound is kept, too.
    limits
        What ffmpeg may use.

    Raises
    ------
    MediaToolFailed
        ffmpeg failed, or the result does not hold the expected pictures.
    """
    outcome = await run_tool(
        [
            *hardened(clip, demuxer="mov", max_pixels=limits.max_pixels, input_options=("-threads", "1")),
            *("-v", "error", "-filter_complex", _graph(times, with_sound=with_sound), "-map", "[v]"),
            *(("-map", "[a]", *_SOUND) if with_sound else ()),
            *(*_PICTURES, "-r", str(fps), "-map_metadata", "-1"),
            *("-movflags", "+faststart", "-f", "mp4", f"file:{target.absolute()}"),  # noqa: ASYNC240 - local disk
        ],
        allowance=Allowance(
            seconds=_SECONDS + times.seconds,
            memory_bytes=limits.max_memory_bytes,
            file_bytes=_SPARE_BYTES + 2 * clip.stat().st_size,  # noqa: ASYNC240 - local disk
            require_landlock=limits.require_landlock,
        ),
        reach=Reach(reads=(clip,), writes=(target,)),
    )
    if outcome.returncode != 0:
        raise MediaToolFailed(f"ffmpeg could not leave out the idle parts of a clip (exit code {outcome.returncode}).")
    found = (await inspect_slim(target, limits=limits)).video.packets
    # The last part may end within a second of which there is no picture.
    expected = times.seconds * fps
    if abs(found - expected) > fps:
        raise MediaToolFailed(f"A clip without its idle parts holds {found} pictures instead of {expected:.0f}.")


def _graph(times: ClipTimes, *, with_sound: bool) -> str:
    parts, joined = [], ""
    for number, (start, end) in enumerate(times.kept):
        cut = f"start={start:.3f}:end={end:.3f}"
        parts.append(f"[0:V]trim={cut},setpts=PTS-STARTPTS[v{number}]")
        joined += f"[v{number}]"
        if with_sound:
            parts.append(f"[0:a]atrim={cut},asetpts=PTS-STARTPTS[a{number}]")
            joined += f"[a{number}]"
    out = "[v][a]" if with_sound else "[v]"
    return ";".join([*parts, f"{joined}concat=n={len(times.kept)}:v=1:a={int(with_sound)}{out}"])
