"""Runs ffmpeg to encode a slim video: with selected pictures, or with all of them."""

import asyncio
import math
from collections.abc import Callable
from pathlib import Path
from typing import Final

from runops_worker.media.errors import MediaRejected
from runops_worker.media.limits import Limits
from runops_worker.media.recording.recording import Recording
from runops_worker.media.recording.sound_losses import without_sounds
from runops_worker.media.sandbox.run_tool import Allowance, Outcome, Reach, run_tool
from runops_worker.media.transcode.decoding_report import DecodingReport
from runops_worker.media.transcode.failed_run import why_failed
from runops_worker.media.transcode.growing_slim import GrowingSlim, Watcher
from runops_worker.media.transcode.packet_filter import dropping
from runops_worker.media.transcode.picture_filters import PicturePlan
from runops_worker.media.transcode.picture_size import PictureSizes, fits
from runops_worker.media.transcode.selection import Selection
from runops_worker.media.transcode.shown_pictures import ShownReport
from runops_worker.media.transcode.slim_command import slim_command
from runops_worker.media.transcode.slim_size import slim_size
from runops_worker.media.transcode.sound_damage import broken_tracks

__all__ = ["Encoder"]

_BYTES_PER_PICTURE: Final = 512 * 1024
_SPARE_BYTES: Final = 64 * 1024**2
_MOST_RESTARTS: Final = 2
_MOST_SOUND_RUNS: Final = 2

_Run = tuple[Outcome, DecodingReport, ShownReport]


class _OtherFrame(Exception):  # noqa: N818 - no error: it ends a run
    """The frame must be made for pictures of another size."""

    def __init__(self, size: tuple[int, int], *, restarts_left: int) -> None:
        super().__init__(size, restarts_left)
        self.size, self.restarts_left = size, restarts_left


class _SoundChanges(Exception):  # noqa: N818 - no error: it ends a run
    """A sound track changes its channels or its rate."""


class Encoder:
    """Encodes one recording, if need be again: with all pictures decoded, or with a larger frame.

    Parameters
    ----------
    source, part
        The recording, and the file to write.
    recording
        The result of `probe` for the source.
    white_nits
        As for `picture_filters`.
    fps, height, crf, limits, on_progress, watcher
        As for `transcode`.

    Attributes
    ----------
    recording
        With the sound tracks that are in the slim video; the others are among its losses.
    growing
        The slim video of the last run; None without a watcher.
    """

    def __init__(
        self,
        source: Path,
        part: Path,
        *,
        recording: Recording,
        white_nits: float,
        fps: int,
        height: int,
        crf: int,
        limits: Limits,
        on_progress: Callable[[float], None],
        watcher: Watcher | None,
    ) -> None:
        self._source, self._part, self.recording, self._fps, self._limits = source, part, recording, fps, limits
        self._height, self._crf, self._white_nits = height, crf, white_nits
        self._follows = recording.width, recording.height
        self._restarts_left = _MOST_RESTARTS
        self._sound_runs_left = _MOST_SOUND_RUNS
        self._sound_changes = False
        self._on_progress, self._watcher = on_progress, watcher
        self._furthest = 0.0
        self.growing: GrowingSlim | None = None

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
        """Run ffmpeg; and again from the beginning if the frame is wrong for what is shown, or the sound is broken."""
        while True:
            try:
                run = await self._run(formula=formula)
            except _OtherFrame as other:
                self._follows, self._restarts_left = other.size, other.restarts_left
                continue
            except _SoundChanges:
                self._sound_changes = True
                continue
            broken = broken_tracks(self.recording, run[1], failed=run[0].returncode != 0)
            if not broken:
                return run
            # A few runs are enough to find one bad track among many; more are not worth their time.
            self._sound_runs_left -= 1
            everything = [track.place for track in self.recording.sounds]
            self.recording = without_sounds(self.recording, broken if self._sound_runs_left else everything)

    async def _run(self, *, formula: Path | None) -> _Run:
        report, shown = DecodingReport(), ShownReport()
        # The last run takes pictures of any size: a frame that is larger than those so far does no harm.
        is_last = self._restarts_left == 0
        frame = slim_size(*self._follows, shorter_side=self._height, enlarge=is_last)
        sizes = PictureSizes(self._follows, fps=self._fps, recording_seconds=self.recording.duration_seconds)
        command = slim_command(
            self._source,
            self._part,
            recording=self.recording,
            fps=self._fps,
            crf=self._crf,
            plan=PicturePlan(frame=frame, white_nits=self._white_nits, turns_last=is_last),
            limits=self._limits,
            dropping=formula,
            fragmented=self._watcher is not None,
            sound_changes=self._sound_changes,
        )
        if self._watcher is not None:
            self.growing = GrowingSlim(self._part, recording=self.recording, fps=self._fps, limits=self._limits)
            await self._watcher.begun(self.growing, whole=formula is None)

        def take(line: str) -> None:
            key, _, value = line.partition("=")
            if key == "out_time_us" and value.lstrip("-").isdigit():
                self._progress(int(value) / 1e6)
            else:
                shown.take(line)

        def take_message(line: str) -> None:
            report.take(line)
            if report.sound_changes and not self._sound_changes:
                raise _SoundChanges
            if not sizes.take(line) or is_last:
                return
            if sizes.changes and self.recording.quarter_turns:
                raise _OtherFrame(self._follows, restarts_left=0)
            size = sizes.to_follow
            if not fits(frame, slim_size(*size, shorter_side=self._height)):
                raise _OtherFrame(size, restarts_left=self._restarts_left - 1)

        outcome = await run_tool(
            command,
            allowance=Allowance(
                seconds=self._limits.transcode_deadline(self.recording.duration_seconds),
                memory_bytes=self._limits.max_memory_bytes,
                file_bytes=_SPARE_BYTES + math.ceil(self.recording.duration_seconds * self._fps) * _BYTES_PER_PICTURE,
                require_landlock=self._limits.require_landlock,
            ),
            reach=Reach(reads=(self._source, *([] if formula is None else [formula])), writes=(self._part,)),
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
            self._on_progress(self._furthest)
