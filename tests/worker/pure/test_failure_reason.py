"""Each error of a run has its reason."""

import errno

import pytest

from runops.failures import Reason
from runops_worker.failure_reason import as_failed
from runops_worker.media.errors import MediaToolFailed, SandboxUnavailable


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (MediaToolFailed("ffmpeg did not finish within 60 s."), Reason.MEDIA_TOOL_FAILED),
        (MediaToolFailed("No room.", disk_full=True), Reason.DISK_FULL),
        (SandboxUnavailable("This machine has no Landlock."), Reason.SANDBOX_UNAVAILABLE),
        (OSError(errno.ENOSPC, "No space left on device"), Reason.DISK_FULL),
        (OSError(errno.EACCES, "a path"), Reason.INTERNAL),
        (ZeroDivisionError("a key may stand here"), Reason.INTERNAL),
    ],
)
def test_every_error_of_a_run_has_its_reason(error: Exception, reason: Reason) -> None:
    failed = as_failed(error)
    assert failed.reason is reason
    assert "key" not in failed.detail
