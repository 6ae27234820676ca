"""In the sandbox ffmpeg writes the same bytes as outside, and the sandbox costs little."""

import asyncio
import resource
import statistics
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from devstack import media_corpus
from runops_worker.media.limits import Limits
from runops_worker.media.probe.probe import probe
from runops_worker.media.sandbox.ffmpeg import binary
from runops_worker.media.sandbox.run_tool import Allowance, Reach, run_tool
from runops_worker.media.transcode.packet_filter import dropping
from runops_worker.media.transcode.picture_filters import PicturePlan
from runops_worker.media.transcode.slim_command import slim_command

LIMITS = Limits()
ALLOWANCE = Allowance(seconds=240, memory_bytes=LIMITS.max_memory_bytes, file_bytes=64 * 1024**2)
ROUNDS = 9
# Measured: 17 ms on an idle machine. Processor time does not depend on what else the machine does.
MOST_SECONDS = 0.1


@pytest.mark.parametrize("name", media_corpus.GOOD)
async def test_the_sandbox_changes_no_byte(name: str, recording: Callable[[str], Path], tmp_path: Path) -> None:
    source = recording(name)
    info = await probe(source, limits=LIMITS)
    formula = tmp_path / "formula"
    formula.write_text(dropping([1, 1, 1]))
    written = []
    for confined in (True, False):
        target = tmp_path / f"{confined}.mp4"
        command = slim_command(
            source,
            target,
            recording=info,
            fps=1,
            plan=PicturePlan(frame=(160, 120)),
            crf=32,
            limits=LIMITS,
            dropping=formula,
            fragmented=False,
        )
        if confined:
            outcome = await run_tool(
                command, allowance=ALLOWANCE, reach=Reach(reads=(source, formula), writes=(target,))
            )
            assert outcome.returncode == 0, outcome.tail
        else:
            await asyncio.to_thread(
                subprocess.run, command, stdin=subprocess.DEVNULL, capture_output=True, timeout=240, check=True
            )
        written.append(target.read_bytes())
    assert len(written[0]) > 500
    assert written[0] == written[1]


def processor_seconds() -> float:
    """Processor time of all children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


async def test_a_start_in_the_sandbox_costs_little_processor_time() -> None:
    bare, confined = [], []
    for _ in range(ROUNDS):
        begin = processor_seconds()
        await asyncio.to_thread(subprocess.run, [binary(), "-version"], capture_output=True, timeout=120, check=True)
        middle = processor_seconds()
        await run_tool([binary(), "-version"], allowance=ALLOWANCE, reach=Reach())
        bare.append(middle - begin)
        confined.append(processor_seconds() - middle)
    assert min(bare) > 0
    cost = statistics.median(confined) - statistics.median(bare)
    assert cost < MOST_SECONDS, f"the launcher takes {1000 * cost:.0f} ms of processor time"
