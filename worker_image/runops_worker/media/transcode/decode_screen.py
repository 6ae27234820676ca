"""Decodes the pictures of a recording to learn something about them; nothing is written."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from runops_worker.media.limits import Limits
from runops_worker.media.recording.recording import Recording
from runops_worker.media.sandbox.ffmpeg import hardened
from runops_worker.media.sandbox.run_tool import Allowance, Reach, run_tool

__all__ = ["decode_screen"]

_FILE_BYTES: Final = 1024**2


def _ignore(_line: str) -> None:
    pass


async def decode_screen(
    source: Path,
    recording: Recording,
    *,
    limits: Limits,
    decoder: tuple[str, ...],
    filters: str,
    output: tuple[str, ...] = (),
    formula: Path | None = None,
    log: str = "error",
    on_stdout: Callable[[str], None] = _ignore,
    on_stderr: Callable[[str], None] = _ignore,
) -> None:
    """Decode the screen of a recording. How ffmpeg ends does not matter: what it printed counts.

    Parameters
    ----------
    source
        The recording.
    recording
        The result of `probe` for it.
    limits
        What ffmpeg may use.
    decoder, filters, output
        ffmpeg's options of the decoder, its filters, and further options of the output.
    formula
        The file of a packet filter that `decoder` names; None without one.
    log
        ffmpeg's log level.
    on_stdout, on_stderr
        Called with each line.

    Raises
    ------
    MediaToolFailed
        ffmpeg ran out of time or memory.
    """
    await run_tool(
        [
            *hardened(
                source,
                demuxer=recording.container,
                max_pixels=limits.max_pixels,
                input_options=decoder,
                parts=recording.parts,
            ),
            *("-v", log, "-map", f"0:V:{recording.screen}", "-an", "-sn", "-dn", *output),
            *("-vf", filters, "-fps_mode", "passthrough", "-f", "null", "-"),
        ],
        allowance=Allowance(
            seconds=limits.transcode_deadline(recording.duration_seconds),
            memory_bytes=limits.max_memory_bytes,
            file_bytes=_FILE_BYTES,
            require_landlock=limits.require_landlock,
        ),
        reach=Reach(reads=(*recording.files(source), *(() if formula is None else (formula,)))),
        on_stdout=on_stdout,
        on_stderr=on_stderr,
    )
