"""A worker that was asked to stop ends in time, also where something hangs."""

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runops.failures import Reason
from runops.report import parse_report
from runops_worker import main, pipeline


def test_there_is_time_to_save_the_cost_and_to_end_within_five_seconds() -> None:
    assert pipeline._SAVE_COST_SECONDS_AFTER_SIGTERM < main._SECONDS_AFTER_SIGTERM < 5


async def test_a_worker_whose_clean_up_hangs_after_a_sigterm_ends_itself_as_terminated(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    started, ended = asyncio.Event(), asyncio.Event()
    handlers: dict[int, Callable[[], None]] = {}
    codes: list[int] = []

    async def work(*_: Any) -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            await ended.wait()

    def end(code: int) -> None:
        codes.append(code)
        ended.set()

    monkeypatch.setattr(asyncio.get_running_loop(), "add_signal_handler", handlers.__setitem__)
    monkeypatch.setattr(main, "_work", work)
    monkeypatch.setattr(main, "_SECONDS_AFTER_SIGTERM", 0.01)
    monkeypatch.setattr(os, "_exit", end)
    log = tmp_path / "termination-log"
    running = asyncio.ensure_future(main._run_until_sigterm({}, termination_log=log))
    await started.wait()
    handlers[signal.SIGTERM]()
    async with asyncio.timeout(60):
        await running

    report = parse_report(log.read_text())
    assert codes == [143]
    assert report is not None
    assert report.reason is Reason.TERMINATED
