"""Runs ffmpeg outside the worker's code."""

from __future__ import annotations

import subprocess
from typing import Final

import imageio_ffmpeg

__all__ = ["run_ffmpeg"]

_SECONDS: Final = 120.0


def run_ffmpeg(*arguments: str, must_succeed: bool = True) -> None:
    """Run it to its end.

    Parameters
    ----------
    arguments
        Of ffmpeg, without those that every run has.
    must_succeed
        Whether a failure is one of the test. A damaged file gives errors, and what could be decoded.
    """
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-v", "error", "-y", *arguments]
    done = _run(command)
    if must_succeed and done.returncode < 0:
        # An encoder died once in some thousand runs ("corrupted size vs. prev_size"). It is not what is tested.
        done = _run(command)
    assert not must_succeed or done.returncode == 0, f"{' '.join(command)}\n{done.stderr[-4000:]}"


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, capture_output=True, text=True, timeout=_SECONDS, check=False, stdin=subprocess.DEVNULL
    )
