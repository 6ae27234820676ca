"""Write the slim video of a recording: few pictures per second, small, with speech as small mono sound.

Second k of the slim video shows what the screen showed at second k: the last picture that began at or before it. The
model dates what it sees by these seconds. Decoding takes most of the time, so ffmpeg decodes only the selected pictures
(`selection`) and prints which picture it wrote at each place. If one differs from the selection, everything is decoded.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Final

from runops_worker.media.errors import MediaToolFailed
from runops_worker.media.limits import Limits
from runops_worker.media.probe.examine import Examined
from runops_worker.media.probe.packets import PacketReport
from runops_worker.media.probe.pictures import Pictures
from runops_worker.media.transcode.check import check
from runops_worker.media.transcode.damage import damage_loss, find_damage, seconds_of
from runops_worker.media.transcode.decoding_report import DecodingReport
from runops_worker.media.transcode.defragment import defragment
from runops_worker.media.transcode.encode import Encoder
from runops_worker.media.transcode.growing_slim import Watcher
from runops_worker.media.transcode.known_sizes import known_sizes
from runops_worker.media.transcode.run_plan import RunPlan
from runops_worker.media.transcode.selection import Selection, select
from runops_worker.media.transcode.slim_video import SlimVideo, inspect_slim, same_content
from runops_worker.media.transcode.sound_damage import damaged_part, damaged_tracks
from runops_worker.media.transcode.undecoded_sound import find_undecoded
from runops_worker.media.transcode.white_level import measured_white

__all__ = ["transcode"]

# With a larger share to decode, the packet filter costs more than it saves.
_WORTHWHILE_SHARE: Final = 0.98
# The slim video shows one picture of this time.
_TOLD_SECONDS: Final = 1.0


async def transcode(
    source: Path,
    target: Path,
    *,
    examined: Examined,
    fps: int,
    height: int,
    crf: int,
    limits: Limits,
    on_progress: Callable[[float], None],
    watcher: Watcher | None = None,
) -> SlimVideo:
    """Write the slim video of a recording.

    Parameters
    ----------
    source, target
        The recording, and the slim MP4. It is written under another name and renamed after the check.
    examined
        The result of `examine` for the source. Without `pictures`, all pictures are decoded.
    fps
        Pictures per second.
    height
        Largest length of the shorter side in pixels. A smaller recording keeps its size.
    crf
        Quality of H.264, 0 (best) to 51.
    limits
        What ffmpeg may use.
    on_progress
        Called with the share that is done, 0 to 1.
    watcher
        Cuts chunks before the slim video is complete. With a watcher, ffmpeg writes fragments. After the check they
        are copied to the target. The copy needs the same disk space once more, but by then the watcher may have deleted
        the recording.

    Returns
    -------
    SlimVideo
        The checked result.

    Raises
    ------
    MediaRejected
        MediaCorrupt: too much of the recording cannot be decoded.
    MediaToolFailed
        ffmpeg ran out of time, memory or disk, or its result is wrong.
    """
    recording, pictures = examined.recording, examined.pictures
    part, formula, complete = (target.with_name(target.name + suffix) for suffix in (".part", ".drop", ".complete"))
    plan = RunPlan(recording=recording, follows=(recording.width, recording.height), shorter_side=height)
    try:
        if pictures is not None:
            sizes = await known_sizes(source, recording, pictures, formula=formula, limits=limits)
            follows = sizes.to_follow(plan.follows, seconds=recording.duration_seconds)
            plan = plan.following(follows, changes=sizes.change)
        encoder = Encoder(
            source=source,
            part=part,
            plan=plan,
            white_nits=await measured_white(source, recording, limits=limits),
            fps=fps,
            crf=crf,
            limits=limits,
            on_progress=on_progress,
            watcher=watcher,
        )
        report: DecodingReport | None = None
        selection = None
        # Lines of two moments are told apart by the pictures before and after, so all are needed.
        if pictures is not None and not recording.picture.interlaced and not recording.edits:
            selection = await _selection(pictures, fps=fps)
        if selection is not None:
            report = await encoder.selected(selection, formula=formula)
        if report is None:
            report = await encoder.whole()
        recording = encoder.recording
        is_damaged = report.errors or report.damaged or recording.has_broken_pictures
        damage = await find_damage(source, recording=recording, limits=limits) if is_damaged else []
        unheard = [
            damaged_part(track, sound, await find_undecoded(source, track, recording=recording, limits=limits))
            for track, sound in damaged_tracks(recording, report)
        ]
        packets = await inspect_slim(part, limits=limits)
        damaged = seconds_of(damage)
        check(packets, recording=recording, fps=fps, report=report, limits=limits, damaged_seconds=damaged)
        finished = part
        if watcher is not None:
            await watcher.accepted()
            await _defragment(part, complete, packets=packets, limits=limits)
            finished = complete
        slim = SlimVideo(
            path=target,
            bytes=finished.stat().st_size,
            duration_seconds=packets.duration,
            frames=packets.video.packets,
            has_audio=packets.audio.packets > 0,
            fps=fps,
            losses=(
                *recording.losses,
                *((damage_loss(damage),) if damaged >= _TOLD_SECONDS else ()),
                *unheard,
            ),
        )
        finished.replace(target)
        if encoder.growing is not None:
            await encoder.growing.finish(slim)
    finally:
        for path in (part, formula, complete):
            path.unlink(missing_ok=True)
    on_progress(1.0)
    return slim


async def _defragment(fragments: Path, complete: Path, *, packets: PacketReport, limits: Limits) -> None:
    await defragment(fragments, complete, limits=limits)
    if not same_content(await inspect_slim(complete, limits=limits), packets):
        raise MediaToolFailed("The copy of the slim video differs from what was encoded.")


async def _selection(pictures: Pictures, *, fps: int) -> Selection | None:
    # In a thread: it takes about a second for hours of video, and the worker's progress reports must not wait for it.
    selection = await asyncio.to_thread(select, pictures, fps=fps)
    if selection is None or sum(selection.keep) > _WORTHWHILE_SHARE * len(selection.keep):
        return None
    return selection
