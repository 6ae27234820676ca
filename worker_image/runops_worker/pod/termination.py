"""The termination message: what the operator reads of a run that ended."""

import logging
from pathlib import Path

from runops.failures import Failed
from runops.quality import Quality
from runops.report import LONGEST_RETRY_AFTER_SECONDS, Report, StageTime, Usage

__all__ = ["exit_code", "failure_report", "write_report"]

_LOG = logging.getLogger(__name__)
_LONGEST_MESSAGE = 1000


def failure_report(
    failure: Failed, *, usage: Usage | None, quality: Quality | None, stages: tuple[StageTime, ...]
) -> Report:
    """Return the report of a failed run. Pure.

    Parameters
    ----------
    failure
        Why it failed.
    usage, quality, stages
        Cost and quality of the video so far, and the time of each stage, as far as they are known.
    """
    wait = None if failure.retry_after is None else min(max(failure.retry_after, 0.0), LONGEST_RETRY_AFTER_SECONDS)
    return Report(
        reason=failure.reason,
        message=failure.detail[:_LONGEST_MESSAGE],
        retry_after_seconds=wait,
        usage=usage,
        quality=quality,
        stages=stages,
    )


def exit_code(report: Report) -> int:
    """Return the exit code of the process: 0, or that of the reason in the failure table. Pure."""
    if report.reason is None:
        return 0
    code = Failed(report.reason).failure.exit_code
    return 1 if code is None else code


def write_report(path: Path, report: Report) -> None:
    """Write the termination message. An error is only logged: the exit code remains."""
    try:
        path.write_bytes(report.encode())
    except OSError as error:
        _LOG.warning("the termination message could not be written", extra={"error": type(error).__name__})
