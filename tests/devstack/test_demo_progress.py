"""What `make demo` shows of a VideoJob, and when it stops. Without a cluster."""

from typing import Any

import pytest

from devstack.demo.videojob_progress import progress_line, verdict
from devstack.operator_runs.installation import InstallationFailed


def condition(kind: str, status: str) -> dict[str, Any]:
    return {"conditions": [{"type": kind, "status": status, "message": "The recording is damaged or cut off."}]}


def test_line_has_the_columns_of_kubectl() -> None:
    status = {"phase": "Running", "stage": "transcribing", "progress": "55%", "attempts": 1}
    assert progress_line("a", status).split() == ["vj-a", "Running", "transcribing", "55%", "1"]
    assert progress_line("a", {}) == "vj-a"


@pytest.mark.parametrize(
    ("status", "succeeded"),
    [({}, False), (condition("Complete", "True"), True), (condition("Complete", "False"), False)],
)
def test_demo_goes_on_until_the_videojob_is_complete(status: dict[str, Any], *, succeeded: bool) -> None:
    assert verdict(status) is succeeded


def test_failed_videojob_ends_the_demo_with_its_message() -> None:
    with pytest.raises(InstallationFailed, match="The recording is damaged or cut off"):
        verdict(condition("Failed", "True"))
