"""The site, built once for all tests of a module."""

from pathlib import Path

import pytest

from docs_site.build import built_site


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site; the folder."""
    return built_site(tmp_path_factory.mktemp("site") / "docs", lambda _: None)
