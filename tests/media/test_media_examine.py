"""Probe and survey side by side: the probe decides, and the survey may fail."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from runops_worker.media.errors import MediaRejected, MediaToolFailed
from runops_worker.media.limits import Limits
from runops_worker.media.probe import examine as examine_module
from runops_worker.media.probe.examine import examine
from runops_worker.media.probe.probe import OnScreen, probe
from runops_worker.media.probe.survey import survey
from runops_worker.media.recording.recording import Recording

MakeRecording = Callable[[str], Path]
LIMITS = Limits()


async def test_the_result_is_that_of_probe_and_survey(recording: MakeRecording) -> None:
    source = recording("b-frames")
    examined = await examine(source, limits=LIMITS)
    assert examined.recording == await probe(source, limits=LIMITS)
    assert examined.pictures == await survey(source, "mov", "h264", limits=LIMITS)
    assert examined.pictures is not None


async def test_the_probe_reports_the_screen_once(recording: MakeRecording) -> None:
    told: list[tuple[str, int, str]] = []
    await probe(recording("b-frames"), limits=LIMITS, on_screen=lambda *names: told.append(names))
    assert told == [("mov", 0, "h264")]


async def test_the_survey_begins_while_the_probe_still_reads(
    recording: MakeRecording, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, probed = recording("b-frames"), asyncio.Event()
    found = await probe(source, limits=LIMITS)

    async def probe_that_ends_after_the_survey(*_: object, on_screen: OnScreen, **__: object) -> Recording:
        on_screen("mov", 0, "h264")
        async with asyncio.timeout(120):
            await probed.wait()
        return found

    async def surveyed(*_: object, **__: object) -> None:
        probed.set()

    monkeypatch.setattr(examine_module, "probe", probe_that_ends_after_the_survey)
    monkeypatch.setattr(examine_module, "survey", surveyed)
    await examine(source, limits=LIMITS)


async def test_without_a_survey_no_pictures_are_known(
    recording: MakeRecording, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def failing(*_: object, **__: object) -> NoReturn:
        raise MediaToolFailed("ffmpeg needed more memory than its limit of 1 MiB.", out_of_memory=True)

    monkeypatch.setattr(examine_module, "survey", failing)
    examined = await examine(recording("b-frames"), limits=LIMITS)
    assert examined.recording.duration_seconds == 4.0
    assert examined.pictures is None


async def test_a_recording_that_is_decoded_completely_is_not_surveyed(
    recording: MakeRecording, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def surveyed(*_: object, **__: object) -> NoReturn:
        raise AssertionError

    monkeypatch.setattr(examine_module, "survey", surveyed)
    examined = await examine(recording("b-frames"), limits=LIMITS, whole=True)
    assert examined.pictures is None


async def test_a_refusal_ends_the_survey(recording: MakeRecording, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def endless(*_: object, **__: object) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    monkeypatch.setattr(examine_module, "survey", endless)
    with pytest.raises(MediaRejected, match="the limit is 3"):
        await examine(recording("b-frames"), limits=Limits(max_duration_seconds=3))
    assert begun.is_set()
    assert ended.is_set()
