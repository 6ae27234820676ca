"""The corpus of recordings, each made once by a test process, and how the transcode decodes one."""

from collections.abc import Callable
from pathlib import Path

import pytest

from devstack import media_corpus
from runops_worker.media.sandbox.run_tool import Allowance, Outcome, Reach, run_tool
from runops_worker.media.transcode import encode


@pytest.fixture(scope="session")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    folder = tmp_path_factory.mktemp("corpus")
    return lambda name: media_corpus.make(name, folder)


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    folder = tmp_path_factory.mktemp("hostile")
    return lambda name: media_corpus.make_hostile(name, folder)


@pytest.fixture
def ways(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """How each run of the transcode decoded: `selected` or `whole`."""
    seen: list[str] = []

    async def watched(
        command: list[str],
        *,
        allowance: Allowance,
        reach: Reach,
        on_stdout: Callable[[str], None],
        on_stderr: Callable[[str], None],
    ) -> Outcome:
        seen.append("selected" if any(option.startswith("-/bsf") for option in command) else "whole")
        return await run_tool(command, allowance=allowance, reach=reach, on_stdout=on_stdout, on_stderr=on_stderr)

    monkeypatch.setattr(encode, "run_tool", watched)
    return seen
