"""Slim a recording: few pictures per second, small, with speech as small mono sound.

Second k of the slim video shows what the screen showed at second k, that is the last picture that began at or before
it (`round=up`), since the model stamps what it sees by the slim video's seconds. Nearly all of the work is decoding, so
only the coded pictures are decoded that are shown or that a shown one is built upon (`selection`). ffmpeg then says of
each picture that it writes which one it was; where one is not what it must be, all of it is decoded after all.
"""

import asyncio
import math
from collections.abc import Callable
from pathlib import Path
from typing import Final

from runops_worker.media.errors import MediaRejected, MediaToolFailed
from runops_worker.media.limits import Limits
from runops_worker.media.probe.examine import Examined
from runops_worker.media.probe.media_info import MediaInfo
from runops_worker.media.probe.packets import PacketReport
from runops_worker.media.probe.pictures import Pictures
from runops_worker.media.sandbox.run_tool import Allowance, Outcome, Reach, run_tool
from runops_worker.media.transcode.decoding_report import DecodingReport
from runops_worker.media.transcode.defragment import seal
from runops_worker.media.transcode.growing_slim import GrowingSlim, Watcher
from runops_worker.media.transcode.packet_filter import dropping
from runops_worker.media.transcode.selection import Selection, select
from runops_worker.media.transcode.shown_pictures import ShownReport
from runops_worker.media.transcode.slim_command import expected_frames, slim_command
from runops_worker.media.transcode.slim_video import SlimVideo, inspect_slim
from runops_worker.media.wording import seconds_text

__all__ = ["shortest_seconds", "transcode"]

# Decoding what little is left out of so many costs less than finding out that it can be left out.
_WORTHWHILE_SHARE: Final = 0.98
_BAD_SHARE: Final = 0.01
_BAD_PICTURES: Final = 3
_BYTES_PER_PICTURE: Final = 512 * 1024
_SPARE_BYTES: Final = 64 * 1024**2


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
        The recording, and where the slim MP4 goes. It is written beside the target and renamed once it is checked.
    examined
        What `examine` said of the source. Without pictures all of it is decoded.
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
    watcher
        Who wants pieces before all is written. For that the slim video is written in fragments first; once it is
        accepted they are copied to the target, which takes its size on disk again, but then the recording may be gone.

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
    info, pictures = examined.info, examined.pictures
    part, formula, sealed = (target.with_name(target.name + suffix) for suffix in (".part", ".drop", ".sealed"))
    run = _Run(
        source,
        part,
        info=info,
        fps=fps,
        height=height,
        crf=crf,
        limits=limits,
        on_progress=on_progress,
        watcher=watcher,
    )
    try:
        report: DecodingReport | None = None
        selection = None if pictures is None else await _selection(pictures, fps=fps)
        if selection is not None:
            report = await run.selected(selection, formula=formula)
        if report is None:
            report = await run.whole()
        packets = await inspect_slim(part, limits=limits)
        _check(packets, info=info, fps=fps, report=report)
        finished = part
        if watcher is not None:
            await watcher.accepted()
            await _seal(part, sealed, packets=packets, limits=limits)
            finished = sealed
        slim = SlimVideo(
            path=target,
            bytes=finished.stat().st_size,
            duration_seconds=packets.duration,
            frames=packets.video.packets,
            has_audio=packets.audio.packets > 0,
            fps=fps,
        )
        finished.replace(target)
        if run.growing is not None:
            await run.growing.finish(slim)
    finally:
        for path in (part, formula, sealed):
            path.unlink(missing_ok=True)
    on_progress(1.0)
    return slim


async def _seal(fragments: Path, sealed: Path, *, packets: PacketReport, limits: Limits) -> None:
    await seal(fragments, sealed, limits=limits)
    if await inspect_slim(sealed, limits=limits) != packets:
        raise MediaToolFailed("The slim video is not what was encoded.")


def shortest_seconds(info: MediaInfo, *, fps: int) -> float:
    """Return how long a slim video is at least that is accepted for this recording."""
    if info.has_audio:
        return info.duration_seconds - _most_seconds_off(fps)
    expected = expected_frames(info, fps=fps)
    return (expected - _most_frames_off(expected)) / fps


def _most_seconds_off(fps: int) -> float:
    return 2.0 + 1.0 / fps


def _most_frames_off(expected: int) -> int:
    return max(1, expected // 100)


async def _selection(pictures: Pictures, *, fps: int) -> Selection | None:
    # Hours of video are a second's work, and whoever waits for a sign of life waits for it.
    selection = await asyncio.to_thread(select, pictures, fps=fps)
    if selection is None or sum(selection.keep) > _WORTHWHILE_SHARE * len(selection.keep):
        return None
    return selection


class _Run:
    """Runs of ffmpeg over one recording."""

    def __init__(
        self,
        source: Path,
        part: Path,
        *,
        info: MediaInfo,
        fps: int,
        height: int,
        crf: int,
        limits: Limits,
        on_progress: Callable[[float], None],
        watcher: Watcher | None,
    ) -> None:
        self._source, self._part, self._info, self._fps, self._limits = source, part, info, fps, limits
        self._height, self._crf = height, crf
        self._on_progress, self._watcher = on_progress, watcher
        self._furthest = 0.0
        self.growing: GrowingSlim | None = None

    async def selected(self, selection: Selection, *, formula: Path) -> DecodingReport | None:
        """Decode what is selected; None where the result is not to be trusted."""
        await asyncio.to_thread(lambda: formula.write_text(dropping(selection.keep), "ascii"))
        shown = ShownReport()
        outcome, report = await self._ffmpeg(formula=formula, on_line=shown.take)
        sound = outcome.returncode == 0 and not report.complaints and not report.errors and not report.damaged
        return report if sound and report.pictures == selection.pictures and shown.fits(selection) else None

    async def whole(self) -> DecodingReport:
        """Decode all of it."""
        outcome, report = await self._ffmpeg(formula=None, on_line=lambda _line: None)
        if report.pictures == 0 and (report.packets or outcome.says("Error while opening decoder")):
            raise MediaRejected("MediaCorrupt", "Not one picture of the recording can be decoded.")
        if outcome.returncode != 0:
            raise MediaToolFailed(f"ffmpeg could not write the slim video (it ended with code {outcome.returncode}).")
        return report

    async def _ffmpeg(self, *, formula: Path | None, on_line: Callable[[str], None]) -> tuple[Outcome, DecodingReport]:
        report = DecodingReport()
        command = slim_command(
            self._source,
            self._part,
            info=self._info,
            fps=self._fps,
            height=self._height,
            crf=self._crf,
            limits=self._limits,
            dropping=formula,
            fragmented=self._watcher is not None,
        )
        if self._watcher is not None:
            self.growing = GrowingSlim(self._part, info=self._info, fps=self._fps, limits=self._limits)
            await self._watcher.begun(self.growing, whole=formula is None)

        def take(line: str) -> None:
            key, _, value = line.partition("=")
            if key == "out_time_us" and value.lstrip("-").isdigit():
                self._progress(int(value) / 1e6)
            else:
                on_line(line)

        outcome = await run_tool(
            command,
            allowance=Allowance(
                seconds=self._limits.transcode_deadline(self._info.duration_seconds),
                memory_bytes=self._limits.max_memory_bytes,
                file_bytes=_SPARE_BYTES + math.ceil(self._info.duration_seconds * self._fps) * _BYTES_PER_PICTURE,
                require_landlock=self._limits.require_landlock,
            ),
            reach=Reach(reads=(self._source, *([] if formula is None else [formula])), writes=(self._part,)),
            on_stdout=take,
            on_stderr=report.take,
        )
        return outcome, report

    def _progress(self, seconds: float) -> None:
        if self.growing is not None:
            self.growing.encoded(seconds)
        share = seconds / self._info.duration_seconds
        # A second run begins where the first one began, and nobody likes to see it.
        if share > self._furthest:
            self._furthest = min(share, 1.0)
            self._on_progress(self._furthest)


def _check(packets: PacketReport, *, info: MediaInfo, fps: int, report: DecodingReport) -> None:
    bad = report.errors + report.damaged
    if bad >= _BAD_PICTURES and report.bad_share > _BAD_SHARE:
        raise MediaRejected(
            "MediaCorrupt", f"The recording is damaged: {bad} of its {report.packets} pictures cannot be decoded."
        )
    expected = expected_frames(info, fps=fps)
    frames = packets.video.packets
    if abs(frames - expected) > _most_frames_off(expected):
        raise MediaRejected(
            "MediaCorrupt",
            f"The recording is damaged: it gave {frames} pictures where {expected} were expected "
            f"for its {seconds_text(info.duration_seconds)}.",
        )
    if info.has_audio and packets.audio.packets == 0:
        raise MediaRejected("MediaCorrupt", "The recording has a sound track, but nothing of it can be decoded.")
    if packets.audio.packets and abs(packets.duration - info.duration_seconds) > _most_seconds_off(fps):
        raise MediaToolFailed(
            f"The slim video is {seconds_text(packets.duration)} long; "
            f"the recording is {seconds_text(info.duration_seconds)} long."
        )
