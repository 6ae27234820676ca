"""The list of coded pictures that ffmpeg gives without decoding."""

import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from runops_worker.media.limits import Limits
from runops_worker.media.probe import survey as survey_module
from runops_worker.media.probe.pictures import PictureList, Pictures
from runops_worker.media.probe.survey import survey
from runops_worker.media.sandbox.run_tool import Allowance, Outcome

Recording = Callable[[str], Path]
LIMITS = Limits()
# The chart's limit for a worker's pod, and what the worker itself takes of it.
LARGEST_POD, WORKER = 2 * 1024**3, 120 * 1024**2
HEAD = ["#software: Lavf", "#tb 0: 1/15360", "#tb 1: 1/15360"]


async def surveyed(source: Path, *, limits: Limits = LIMITS) -> Pictures | None:
    return await survey(source, "mov", "h264", limits=limits)


async def test_h264_marks_references(recording: Recording) -> None:
    pictures = await surveyed(recording("b-frames"))
    assert pictures is not None
    assert len(pictures.times) == 120
    assert 20 < sum(pictures.references) < 100
    assert sum(pictures.fresh) >= 1


async def test_too_many_pictures_are_not_listed(recording: Recording) -> None:
    # 120 of them in two seconds.
    assert await surveyed(recording("b-frames"), limits=replace(LIMITS, max_duration_seconds=0.5)) is not None
    assert await surveyed(recording("b-frames"), limits=replace(LIMITS, max_duration_seconds=0.49)) is None


def test_the_list_of_pictures_has_a_bounded_size() -> None:
    found = PictureList(most=1000)
    tracemalloc.start()
    try:
        for number in range(100_000):
            found.take(f"{number % 3}, 0, {number}, 1, 9, 0x1")
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 200_000
    assert found.pictures(marked=True) is None


async def test_probe_and_survey_together_fit_into_a_pod(recording: Recording, monkeypatch: pytest.MonkeyPatch) -> None:
    allowed: list[Allowance] = []

    async def asked(_command: list[str], *, allowance: Allowance, **_how: object) -> Outcome:
        allowed.append(allowance)
        return Outcome(1, ())

    monkeypatch.setattr(survey_module, "run_tool", asked)
    await surveyed(recording("b-frames"))
    assert LIMITS.max_memory_bytes + allowed[0].memory_bytes < LARGEST_POD - WORKER


async def test_after_an_error_of_a_filter_nothing_is_listed(
    recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def complaining(_command: list[str], **how: Callable[[str], None]) -> Outcome:
        for line in (
            *HEAD,
            "0, 0, 0, 1, 9, 0x1",
            "1, 0, 0, 1, 9, 0x1",
            "2, 0, 0, 1, 9, 0x1",
            "0, 1, 1, 1, 9, 0x1, F=0x0",
        ):
            how["on_stdout"](line)
        how["on_stderr"]("[vost#0:1/copy @ 0x1] Error applying bitstream filters to a packet: Invalid data")
        return Outcome(0, ())

    monkeypatch.setattr(survey_module, "run_tool", complaining)
    assert await surveyed(recording("b-frames")) is None
