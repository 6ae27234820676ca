"""Each hostile file ends soon, within its memory limit, with the reason in the corpus and in the documentation."""

import asyncio
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from devstack.media_corpus import GOOD_ENOUGH, HOSTILE
from devstack.media_corpus.disguised import DISGUISED, SPARSE
from devstack.media_corpus.hostile_matroska import MATROSKA
from devstack.media_corpus.hostile_mp4 import MP4
from devstack.media_corpus.hostile_rare import RARE
from runops.failures import TABLE, FailureClass, Reason
from runops_worker.media.errors import MediaRejected
from runops_worker.media.limits import Limits
from runops_worker.media.probe.examine import examine
from runops_worker.media.transcode.transcode import transcode

pytestmark = pytest.mark.slow("ffmpeg reads hostile files up to the limits of memory, time and disk")

LIMITS = Limits()
# Measured: 3 s. Processor time does not depend on what else the machine does.
MOST_PROCESSOR_SECONDS = 30.0
SECONDS = 240.0
# Measured: 346 MiB. A child counts at least what the process it was forked from held, and this one made bombs.
MOST_KIBIBYTES = 1024 * 1024
assert LIMITS.max_memory_bytes > MOST_KIBIBYTES << 10
UNOPENED = {"SourceEmpty", "NotAVideo", "MediaTooLarge"}
PAGE = Path(__file__).parents[2] / "docs/sandbox.md"


@dataclass
class Used:
    """What the children used: the largest memory of each, and their processor time together."""

    kibibytes: list[int] = field(default_factory=list)
    seconds: float = 0.0


@pytest.fixture
def used(monkeypatch: pytest.MonkeyPatch) -> Used:
    """Collect what the kernel says of each child when it is reaped."""
    found = Used()

    def reaped(pid: int, options: int) -> tuple[int, int]:
        pid, status, usage = os.wait4(pid, options)
        found.kibibytes.append(usage.ru_maxrss)
        found.seconds += usage.ru_utime + usage.ru_stime
        return pid, status

    monkeypatch.setattr(os, "waitpid", reaped)
    return found


async def end_of(recording: Path, slim: Path) -> str:
    try:
        async with asyncio.timeout(SECONDS):
            examined = await examine(recording, limits=LIMITS)
            made = await transcode(
                recording, slim, examined=examined, fps=1, height=120, crf=32, limits=LIMITS, on_progress=lambda _: None
            )
    except MediaRejected as refused:
        sentence = re.fullmatch(r"[A-Z][^\n]{20,200}\.", refused.detail)
        return refused.reason if sentence else f"{refused.reason} without a sentence"
    assert made.frames >= 1
    return GOOD_ENOUGH


@pytest.mark.parametrize("name", sorted(HOSTILE))
async def test_a_hostile_file_ends_with_its_reason(
    name: str, hostile: Callable[[str], Path], tmp_path: Path, used: Used
) -> None:
    recording = hostile(name)
    before = recording.stat()
    assert await end_of(recording, tmp_path / "slim.mp4") == HOSTILE[name]
    assert used.seconds < MOST_PROCESSOR_SECONDS
    assert used.kibibytes or HOSTILE[name] in UNOPENED, "ffmpeg ran and nothing was measured"
    assert max(used.kibibytes, default=0) <= MOST_KIBIBYTES
    after = recording.stat()
    assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    left = [path.name for path in tmp_path.iterdir()]  # noqa: ASYNC240 - local
    assert left == (["slim.mp4"] if HOSTILE[name] == GOOD_ENOUGH else [])


def test_the_corpus_is_large_and_complete() -> None:
    assert set(HOSTILE) == {*DISGUISED, *SPARSE, *MP4, *MATROSKA, *RARE}
    assert len(HOSTILE) > 140


def test_no_hostile_file_is_tried_twice() -> None:
    reasons = set(HOSTILE.values()) - {GOOD_ENOUGH}
    assert {TABLE[Reason(reason)].failure_class for reason in reasons} == {FailureClass.PERMANENT}


def test_the_documentation_lists_each_file_with_its_reason() -> None:
    shown: dict[str, str] = {}
    for section in PAGE.read_text("utf-8").split("\n### ")[1:]:
        title, _, body = section.partition("\n")
        end = title.strip("`") if title.startswith("`") else GOOD_ENOUGH
        shown |= dict.fromkeys(re.findall(r"`([^`]+)`", body.split("\n## ")[0]), end)
    assert shown == HOSTILE
