"""The Chromium that pages are tested in: Debian's, as the downloads of Playwright are no packages of a distribution."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from devstack.cluster.machine.packages import ensure_packages
from devstack.cluster.model import ClusterUnavailable

__all__ = ["chromium_of_tests", "running_browser"]

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_LAUNCH_MILLISECONDS = 120_000
# Playwright adds a new empty profile. A container has no user namespaces for the sandbox, and no graphics card.
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-color-profile=srgb",
    "--font-render-hinting=none",
)


def chromium_of_tests() -> Path:
    """Return Chromium, installing it on Debian; where there is none the test fails in CI, and is skipped elsewhere."""
    if (found := _found()) is not None:
        return found
    try:
        ensure_packages(["chromium"], lambda line: print(line, file=sys.stderr))  # noqa: T201 - it takes a minute
    except ClusterUnavailable as error:
        missing = str(error)
    else:
        if (found := _found()) is not None:
            return found
        missing = "the package chromium brought no program of that name"
    sentence = f"NO CHROMIUM, so this shows nothing: {missing}"
    if os.environ.get("CI") == "true" or os.environ.get("RUNOPS_REQUIRE_CLUSTER") == "1":
        pytest.fail(sentence)
    pytest.skip(sentence)


@contextmanager
def running_browser() -> Iterator[Browser]:
    """Run a headless Chromium, which ends with the block."""
    program = chromium_of_tests()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=list(_FLAGS), headless=True, timeout=_LAUNCH_MILLISECONDS
        )
        try:
            yield browser
        finally:
            browser.close()


def _found() -> Path | None:
    return next((Path(path) for name in _NAMES if (path := shutil.which(name)) is not None), None)
