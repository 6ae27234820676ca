"""Where the short forms take place: the session's cluster, and a stack of their own that pods reach."""

from collections.abc import Iterator

import pytest

from devstack.cluster import ClusterInfo
from devstack.operator_runs.installation import Installation
from tests.chaos.real_run import installed
from tests.chaos.site import Site, fresh_stack


@pytest.fixture(scope="module")
def site(cluster: ClusterInfo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with fresh_stack() as stack:
        yield Site(cluster, stack, tmp_path_factory.mktemp("chaos"), progress=print)


@pytest.fixture(scope="module")
def installation(site: Site) -> Iterator[Installation]:
    """One release for all scenarios with real pods."""
    with installed(site, wait=False) as release:
        yield release
