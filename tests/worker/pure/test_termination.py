"""The termination message and the exit code of a run."""

from pathlib import Path

import pytest

from runops.failures import Failed, Reason
from runops.progress import Stage
from runops.quality import Quality, SopQuality
from runops.report import LONGEST_RETRY_AFTER_SECONDS, Report, StageTime, Usage, parse_report
from runops_worker.pod.termination import exit_code, failure_report, write_report

USAGE = Usage(total_tokens=7)
QUALITY = Quality(sop=SopQuality(steps=3))
STAGES = (StageTime(stage=Stage.TRANSCRIBING, start_time="2026-11-24T12:00:00Z", seconds=1.5),)


def test_the_report_of_a_failure_has_its_reason_its_sentence_and_what_is_known_of_the_run() -> None:
    report = failure_report(Failed(Reason.CLAIM_LOST, "Gone."), usage=USAGE, quality=QUALITY, stages=STAGES)
    assert report == Report(reason=Reason.CLAIM_LOST, message="Gone.", usage=USAGE, quality=QUALITY, stages=STAGES)


@pytest.mark.parametrize(
    ("asked", "reported"),
    [(None, None), (0.0, 0.0), (-5.0, 0.0), (61.5, 61.5), (1e9, LONGEST_RETRY_AFTER_SECONDS)],
)
def test_the_wait_that_a_service_asked_for_is_reported_within_bounds(
    asked: float | None, reported: float | None
) -> None:
    failure = Failed(Reason.QUOTA_EXCEEDED, retry_after=asked)
    assert failure_report(failure, usage=None, quality=None, stages=()).retry_after_seconds == reported


def test_a_long_sentence_is_cut_at_what_a_report_may_hold() -> None:
    report = failure_report(Failed(Reason.INTERNAL, "x" * 5000), usage=None, quality=None, stages=())
    assert report.message == "x" * 1000


@pytest.mark.parametrize(
    ("reason", "code"),
    [(None, 0), (Reason.CLAIM_LOST, 90), (Reason.TERMINATED, 143), (Reason.INTERNAL, 1)],
)
def test_the_exit_code_is_that_of_the_reason(reason: Reason | None, code: int) -> None:
    assert exit_code(Report(reason=reason)) == code


def test_a_reason_that_only_the_operator_finds_has_the_exit_code_one() -> None:
    without_code = next(reason for reason in Reason if Failed(reason).failure.exit_code is None)
    assert exit_code(Report(reason=without_code)) == 1


def test_the_report_is_written_and_a_file_that_cannot_be_written_is_only_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    report = Report(message="The SOP is in the table.")
    write_report(tmp_path / "log", report)
    assert parse_report((tmp_path / "log").read_text()) == report
    write_report(tmp_path / "missing" / "log", report)
    assert "could not be written" in caplog.text
