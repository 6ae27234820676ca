"""Runs ffmpeg to encode a slim video: with selected pictures, or with all of them."""

import asyncio
import math
from collections.abc import Callable
from pathlib import Path
from typing import Final

from runops_worker.media.errors import MediaRejected, MediaToolFailed
from runops_worker.media.limits import Limits
from runops_worker.media.recording.recording import Recording
from runops_worker.media.sandbox.run_tool import Allowance, Outcome, Reach, run_tool
from runops_worker.media.transcode.decoding_report import DecodingReport
from runops_worker.media.transcode.growing_slim import GrowingSlim, Watcher
from runops_worker.media.transcode.packet_filter import dropping
from runops_worker.media.transcode.selection import Selection
from runops_worker.media.transcode.shown_pictures import ShownReport
from runops_worker.media.transcode.slim_command import slim_command

__all__ = ["Encoder"]

_BYTES_PER_PICTURE: Final = 512 * 1024
_SPARE_BYTES: Final = 64 * 1024**2


class Encoder:
    """Encodes one recording, if need be a second time.

    Parameters
    ----------
    source, part
        The recording, and the file to write.
    recording
        The result of `probe` for the source.
    fps, height, crf, limits, on_progress, watcher
        As for `transcode`.

    Attributes
    ----------
    growing
        The slim video of the last run; None without a watcher.
    """

    def __init__(
        self,
        source: Path,
        part: Path,
        *,
        recording: Recording,
        fps: int,
        height: int,
        crf: int,
        limits: Limits,
        on_progress: Callable[[float], None],
        watcher: Watcher | None,
    ) -> None:
        self._source, self._part, self._recording, self._fps, self._limits = source, part, recording, fps, limits
        self._height, self._crf = height, crf
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
        shown = ShownReport()
        outcome, report = await self._ffmpeg(formula=formula, on_line=shown.take)
        clean = outcome.returncode == 0 and not report.complaints and not report.errors and not report.damaged
        return report if clean and report.pictures == selection.pictures and shown.fits(selection) else None

    async def whole(self) -> DecodingReport:
        """Decode all pictures.

        Raises
        ------
        MediaRejected
            MediaCorrupt: no picture can be decoded.
        MediaToolFailed
            ffmpeg failed.
        """
        outcome, report = await self._ffmpeg(formula=None, on_line=lambda _line: None)
        if report.pictures == 0 and (report.packets or outcome.says("Error while opening decoder")):
            raise MediaRejected("MediaCorrupt", "No picture of the recording can be decoded.")
        if outcome.returncode != 0:
            raise MediaToolFailed(f"ffmpeg could not write the slim video (exit code {outcome.returncode}).")
        return report

    async def _ffmpeg(self, *, formula: Path | None, on_line: Callable[[str], None]) -> tuple[Outcome, DecodingReport]:
        report = DecodingReport()
        command = slim_command(
            self._source,
            self._part,
            recording=self._recording,
            fps=self._fps,
            height=self._height,
            crf=self._crf,
            limits=self._limits,
            dropping=formula,
            fragmented=self._watcher is not None,
        )
        if self._watcher is not None:
            self.growing = GrowingSlim(self._part, recording=self._recording, fps=self._fps, limits=self._limits)
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
                seconds=self._limits.transcode_deadline(self._recording.duration_seconds),
                memory_bytes=self._limits.max_memory_bytes,
                file_bytes=_SPARE_BYTES + math.ceil(self._recording.duration_seconds * self._fps) * _BYTES_PER_PICTURE,
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
        share = seconds / self._recording.duration_seconds
        # A second run begins at 0 again, but the reported progress must not go back.
        if share > self._furthest:
            self._furthest = min(share, 1.0)
            self._on_progress(self._furthest)
