"""Where the recordings of these tests lie."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def recordings_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("recordings")
