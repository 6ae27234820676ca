"""Whose fault a failed run of ffmpeg is."""

import pytest

from runops_worker.media.errors import MediaRejected
from runops_worker.media.sandbox.run_tool import Outcome
from runops_worker.media.transcode.decoding_report import DecodingReport
from runops_worker.media.transcode.failed_run import why_failed

BAD = DecodingReport(packets=300, pictures=2, errors=240, damaged=8)
CLEAN = DecodingReport(packets=300, pictures=300)


def test_a_run_that_ended_for_too_many_bad_pictures_is_the_recordings_fault() -> None:
    error = why_failed(Outcome(69, ("Conversion failed!",)), BAD)
    assert isinstance(error, MediaRejected)
    assert str(error) == "MediaCorrupt: The recording is damaged: 248 of its 300 pictures cannot be decoded."


@pytest.mark.parametrize(
    "line",
    [
        "[vist#0:0/h264 @ 0x1] [fatal] Decode error rate 0.8 exceeds maximum 0.666667",
        "[vist#0:0/x @ 0x1] [dec:x @ 0x1] [error] Error while opening decoder: Invalid argument",
        "[error] Error opening input: Invalid data found when processing input",
    ],
)
def test_what_ffmpeg_says_about_the_file_is_the_recordings_fault(line: str) -> None:
    error = why_failed(Outcome(1, (line,)), CLEAN)
    assert str(error) == "MediaCorrupt: The recording is damaged: a part of it cannot be decoded."


@pytest.mark.parametrize(
    "line",
    [
        "[out#0/mp4 @ 0x1] [error] Error opening output file:/work/slim.mp4.part: Permission denied",
        "[file @ 0x1] [error] Input/output error",
        "[error] Unknown encoder 'libx264'",
        "[error] Error opening input: Too many open files",
    ],
)
@pytest.mark.parametrize("report", [BAD, CLEAN])
def test_a_fault_of_the_machine_is_not_blamed_on_the_file(line: str, report: DecodingReport) -> None:
    error = why_failed(Outcome(1, ("Invalid data found when processing input", line)), report)
    assert not isinstance(error, MediaRejected)
    assert error.detail == "ffmpeg could not write the slim video (exit code 1)."


def test_a_failure_without_a_word_is_not_blamed_on_the_file() -> None:
    assert not isinstance(why_failed(Outcome(234, ("Conversion failed!",)), CLEAN), MediaRejected)
