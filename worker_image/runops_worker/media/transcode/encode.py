"""Runs ffmpeg to encode a slim video: with selected pictures, or with all of them."""

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from runops_worker.media.errors import MediaRejected
from runops_worker.media.limits import Limits
from runops_worker.media.recording.recording import Recording
from runops_worker.media.sandbox.run_tool import Allowance, Outcome, Reach, run_tool
from runops_worker.media.transcode.decoding_report import DecodingReport
from runops_worker.media.transcode.failed_run import why_failed
from runops_worker.media.transcode.growing_slim import GrowingSlim, Watcher
from runops_worker.media.transcode.packet_filter import dropping
from runops_worker.media.transcode.picture_filters import PicturePlan
from runops_worker.media.transcode.picture_size import PictureSizes
from runops_worker.media.transcode.run_plan import (
    RunPlan,
    for_pictures,
    for_sound_that_changes,
    for_waiting,
    without_broken_sound,
)
from runops_worker.media.transcode.selection import Selection
from runops_worker.media.transcode.shown_pictures import ShownReport
from runops_worker.media.transcode.slim_command import slim_command
from runops_worker.media.transcode.waiting_run import WaitingRun

__all__ = ["Encoder"]

_BYTES_PER_PICTURE: Final = 512 * 1024
_SPARE_BYTES: Final = 64 * 1024**2

_Run = tuple[Outcome, DecodingReport, ShownReport]


class _Replaced(Exception):  # noqa: N818 - no error: it ends a run
    """Another run must take the place of this one."""

    def __init__(self, plan: RunPlan) -> None:
        super().__init__(plan)
        self.plan = plan


@dataclass(kw_only=True)
class Encoder:
    """Encodes one recording; again from the beginning where the plan of a run turns out to be wrong.

    Attributes
    ----------
    source, part
        The recording, and the file to write.
    plan
        Of the first run; later of the last one.
    white_nits
        As for `picture_filters`.
    fps, crf, limits, on_progress, watcher
        As for `transcode`.
    growing
        The slim video of the last run; None without a watcher.
    """

    source: Path
    part: Path
    plan: RunPlan
    white_nits: float
    fps: int
    crf: int
    limits: Limits
    on_progress: Callable[[float], None]
    watcher: Watcher | None
    growing: GrowingSlim | None = field(default=None, init=False)
    _same_content: bool = field(default=True, init=False)
    _furthest: float = field(default=0.0, init=False)

    @property
    def recording(self) -> Recording:
        """The recording with the sound tracks that are in the slim video; the others are among its losses."""
        return self.plan.recording

    async def selected(self, selection: Selection, *, formula: Path) -> DecodingReport | None:
        """Decode the selected pictures only.

        Parameters
        ----------
        selection
            The pictures.
        formula
            The file that takes the packet filter.

        Returns
        -------
        DecodingReport | None
            None if the slim video is not exactly what was selected.
        """
        await asyncio.to_thread(lambda: formula.write_text(dropping(selection.keep), "ascii"))
        outcome, report, shown = await self._ffmpeg(formula=formula)
        clean = outcome.returncode == 0 and not report.complaints and not report.errors and not report.damaged
        return report if clean and report.pictures == selection.pictures and shown.fits(selection) else None

    async def whole(self) -> DecodingReport:
        """Decode all pictures.

        Raises
        ------
        MediaRejected
            MediaCorrupt: no picture can be decoded, or too few for ffmpeg to go on.
        MediaToolFailed
            ffmpeg failed.
        """
        outcome, report, _ = await self._ffmpeg(formula=None)
        if report.pictures == 0 and (report.packets or outcome.says("Error while opening decoder")):
            raise MediaRejected("MediaCorrupt", "No picture of the recording can be decoded.")
        if outcome.returncode != 0:
            raise why_failed(outcome, report)
        return report

    async def _ffmpeg(self, *, formula: Path | None) -> _Run:
        while True:
            try:
                run = await self._run(formula=formula)
            except _Replaced as replaced:
                # What was shown and heard until then was right.
                self.plan, self._same_content = replaced.plan, True
                continue
            self._same_content = False
            follows = without_broken_sound(self.plan, run[1], failed=run[0].returncode != 0)
            if follows is None:
                return run
            self.plan = follows

    async def _run(self, *, formula: Path | None) -> _Run:
        plan, recording = self.plan, self.recording
        report, shown, waiting = DecodingReport(), ShownReport(), WaitingRun()
        sizes = PictureSizes(plan.follows, fps=self.fps, recording_seconds=recording.duration_seconds)
        command = slim_command(
            self.source,
            self.part,
            recording=recording,
            fps=self.fps,
            crf=self.crf,
            plan=PicturePlan(frame=plan.frame, white_nits=self.white_nits, turns_last=plan.takes_any_size),
            limits=self.limits,
            dropping=formula,
            fragmented=self.watcher is not None,
            sound_changes=plan.sound_changes,
        )
        if self.watcher is not None:
            self.growing = GrowingSlim(self.part, recording=recording, fps=self.fps, limits=self.limits)
            await self.watcher.begun(self.growing, whole=formula is None, same_content=self._same_content)
        formulas = () if formula is None else (formula,)

        def take(line: str) -> None:
            waiting.take(line)
            again = for_waiting(plan, waits=waiting.waits)
            if again is not None:
                raise _Replaced(again)
            key, _, value = line.partition("=")
            if key == "out_time_us" and value.lstrip("-").isdigit():
                self._progress(int(value) / 1e6)
            else:
                shown.take(line)

        def take_message(line: str) -> None:
            report.take(line)
            better = for_sound_that_changes(plan, report)
            if better is None and sizes.take(line):
                better = for_pictures(plan, sizes)
            if better is not None:
                raise _Replaced(better)

        outcome = await run_tool(
            command,
            allowance=Allowance(
                seconds=self.limits.transcode_deadline(recording.duration_seconds),
                memory_bytes=self.limits.max_memory_bytes,
                file_bytes=_SPARE_BYTES + math.ceil(recording.duration_seconds * self.fps) * _BYTES_PER_PICTURE,
                require_landlock=self.limits.require_landlock,
            ),
            reach=Reach(reads=(*recording.files(self.source), *formulas), writes=(self.part,)),
            on_stdout=take,
            on_stderr=take_message,
        )
        return outcome, report, shown

    def _progress(self, seconds: float) -> None:
        if self.growing is not None:
            self.growing.encoded(seconds)
        share = seconds / self.recording.duration_seconds
        # A second run begins at 0 again, but the reported progress must not go back.
        if share > self._furthest:
            self._furthest = min(share, 1.0)
            self.on_progress(self._furthest)
