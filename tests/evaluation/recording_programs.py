"""The programs that recordings are made with: installed on Debian, named elsewhere."""

import os
import sys

import pytest

from devstack.cluster.machine.packages import ensure_packages
from devstack.cluster.model import ClusterUnavailable

__all__ = ["require_recording_programs"]


def require_recording_programs() -> None:
    """Install what is missing; where it cannot be had the test fails in CI, and is skipped elsewhere."""
    try:
        ensure_packages(["Xvfb", "chromium", "openbox", "xdotool"], lambda line: print(line, file=sys.stderr))  # noqa: T201 - a minute
    except ClusterUnavailable as error:
        sentence = f"NO SCREEN TO RECORD, so this shows nothing: {error}"
        if os.environ.get("CI") == "true" or os.environ.get("RUNOPS_REQUIRE_CLUSTER") == "1":
            pytest.fail(sentence)
        pytest.skip(sentence)
