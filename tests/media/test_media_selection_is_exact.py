"""For each coding: the slim video with most pictures left out is the same as with all pictures decoded."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from devstack.media_corpus.codings import CODINGS, make_coding
from runops_worker.media.limits import Limits
from runops_worker.media.probe.examine import Examined, examine
from runops_worker.media.sandbox.ffmpeg import hardened
from runops_worker.media.sandbox.run_tool import Allowance, Outcome, Reach, run_tool
from runops_worker.media.transcode import encode
from runops_worker.media.transcode.slim_video import SlimVideo
from runops_worker.media.transcode.transcode import transcode

pytestmark = pytest.mark.slow(
    "ffmpeg decodes each recording with and without the pictures that are left out, and compares every picture"
)

LIMITS = Limits()
ALLOWANCE = Allowance(seconds=60, memory_bytes=LIMITS.max_memory_bytes, file_bytes=1024**2)
DROPPING = "-/bsf:V:0"
WHOLE, TRIED = ["whole"], ["selected", "whole"]
NOT_SELECTED = {
    # Each picture is needed.
    "h264-sparse": WHOLE,
    # Nothing says which pictures are needed.
    "mpeg4-b-frames": WHOLE,
    "h264-times-alike": WHOLE,
    "h264-times-in-wrong-order": WHOLE,
    "h264-begins-within-a-group": WHOLE,
    # Matroska has no times below 0.
    "h264-begins-below-0": WHOLE,
    # What is built upon a picture that is not there is found out only when it is decoded.
    "h264-pictures-missing": TRIED,
}


@pytest.fixture
def ways(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """How each run of the transcode decoded: `selected` or `whole`."""
    seen: list[str] = []

    async def watched(
        command: list[str],
        *,
        allowance: Allowance,
        reach: Reach,
        on_stdout: Callable[[str], None],
        on_stderr: Callable[[str], None],
    ) -> Outcome:
        seen.append("selected" if DROPPING in command else "whole")
        return await run_tool(command, allowance=allowance, reach=reach, on_stdout=on_stdout, on_stderr=on_stderr)

    monkeypatch.setattr(encode, "run_tool", watched)
    return seen


async def slimmed(source: Path, examined: Examined, target: Path, *, fps: int) -> SlimVideo:
    return await transcode(
        source, target, examined=examined, fps=fps, height=90, crf=32, limits=LIMITS, on_progress=lambda _share: None
    )


async def packets(path: Path) -> dict[str, list[str]]:
    """Every coded picture and piece of sound with its times, length and checksum, by stream."""
    found: dict[str, list[str]] = {"0": [], "1": []}

    def take(line: str) -> None:
        if not line.startswith("#"):
            found[line[0]].append(line)

    outcome = await run_tool(
        [
            *hardened(path, demuxer="mov", max_pixels=LIMITS.max_pixels, input_options=("-copyts",)),
            *("-v", "error", "-map", "0", "-c", "copy", "-f", "framecrc", "-"),
        ],
        allowance=ALLOWANCE,
        reach=Reach(reads=(path,)),
        on_stdout=take,
    )
    assert outcome.returncode == 0
    return found


async def both(source: Path, folder: Path, *, fps: int) -> tuple[SlimVideo, SlimVideo]:
    examined = await examine(source, limits=LIMITS)
    selected = await slimmed(source, examined, folder / "selected.mp4", fps=fps)
    whole = await slimmed(source, replace(examined, pictures=None), folder / "whole.mp4", fps=fps)
    return selected, whole


@pytest.mark.parametrize("name", CODINGS)
async def test_leaving_pictures_out_changes_no_picture(name: str, tmp_path: Path, ways: list[str]) -> None:
    source = make_coding(name, tmp_path)
    selected, whole = await both(source, tmp_path, fps=1)
    assert await packets(selected.path) == await packets(whole.path)
    assert selected.frames == whole.frames >= 5
    assert ways == [*NOT_SELECTED.get(name, ["selected"]), *WHOLE]
    left = {path.name for path in tmp_path.iterdir()}  # noqa: ASYNC240 - local
    assert left == {source.name, "selected.mp4", "whole.mp4"}
