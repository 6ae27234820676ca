"""The corpus of recordings, made once per test session."""

from collections.abc import Callable
from pathlib import Path

import pytest

from devstack import media_corpus


@pytest.fixture(scope="session")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    folder = tmp_path_factory.mktemp("corpus")
    return lambda name: media_corpus.make(name, folder)
