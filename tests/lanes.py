"""Decides which process of `pytest -n` runs which tests.

All tests of a module run in one process, so that their shared set-up runs once. Tests with a cluster wait most of the
time. They run in five lanes, beside the tests that need the CPU. A lane is one process with one cluster. The lanes do
not share a cluster, because some tests stop the API server or delete the definition of VideoJob; another cluster
starts in 9 s.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

__all__ = ["lane_of", "start_order"]

_LANES = (
    (
        *("tests/chart/test_chart_manifests.py", "tests/chart/test_namespaced_install.py"),
        *("tests/chart/test_restricted_pods.py", "tests/chart/test_rights_on_api_server.py"),
        *("tests/chart/test_worker_fence.py", "tests/cluster/test_cluster_kwok.py"),
        *("tests/cli/test_cli_on_cluster.py", "tests/cli/test_cli_with_operator.py"),
        *("tests/cluster/test_cluster_node.py", "tests/e2e/"),
        "tests/media/test_media_sandbox_in_a_pod.py",
    ),
    ("tests/apiserver/",),
    ("tests/chaos/test_chaos.py",),
    ("tests/lifecycle/",),
    ("tests/platforms/",),
)
_NUMBER = pytest.StashKey[int]()
_CLUSTER = pytest.StashKey[tuple[pytest.FixtureDef[Any], pytest.FixtureRequest]]()


def lane_of(nodeid: str) -> int | None:
    """Return the number of the lane in which a test is run; None where its module is in no lane."""
    return next((number for number, places in enumerate(_LANES) if nodeid.startswith(places)), None)


def start_order(nodeid: str, *, needs_cluster: bool, slow: pytest.Mark | None) -> int:
    """Return when a test starts; lower numbers start first.

    Parameters
    ----------
    nodeid
        Of the test.
    needs_cluster
        Whether it is marked as `cluster`.
    slow
        The mark `slow` of a test of the same module.

    Raises
    ------
    pytest.UsageError
        It needs a cluster and no lane names its file.
    """
    if needs_cluster:
        if lane_of(nodeid) is None:
            raise pytest.UsageError(f"{nodeid} needs a cluster: tests/lanes.py has to name a lane for its file")
        return 0
    if slow is None:
        return 3
    return 1 if slow.kwargs.get("first") else 2


class _Scheduling(LoadScopeScheduling):  # type: ignore[misc] # xdist ships no type information
    """Hands out modules, and each lane like one module."""

    def _split_scope(self, nodeid: str) -> str:
        lane = lane_of(nodeid)
        return super()._split_scope(nodeid) if lane is None else f"lane {lane}"


def pytest_configure(config: pytest.Config) -> None:
    """Count the tests as they are collected."""
    config.stash[_NUMBER] = 0


def pytest_itemcollected(item: pytest.Item) -> None:
    """Remember the position of the test: pytest-randomly shuffles the tests."""
    item.config.stash[_NUMBER] = item.stash[_NUMBER] = item.config.stash[_NUMBER] + 1


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the lanes first, in the order of their files, then the modules with slow tests, the slowest of them first."""
    slow = {item.path: mark for item in items if (mark := item.get_closest_marker("slow")) is not None}

    def place(item: pytest.Item) -> tuple[int, int]:
        needs_cluster = item.get_closest_marker("cluster") is not None
        order = start_order(item.nodeid, needs_cluster=needs_cluster, slow=slow.get(item.path))
        return order, item.stash[_NUMBER] if needs_cluster else 0

    items.sort(key=place)


def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest) -> None:
    """Remember the cluster of a lane."""
    if fixturedef.argname == "cluster" and fixturedef.scope == "session":
        request.config.stash[_CLUSTER] = (fixturedef, request)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None, object, object]:
    """Stop the cluster after the last test of a lane, and what stands on it: idle, it takes 2 s of CPU a minute."""
    try:
        return (yield)
    finally:
        lane = lane_of(item.nodeid)
        if lane is not None and nextitem is not None and lane_of(nextitem.nodeid) != lane:
            cluster = item.config.stash.get(_CLUSTER, None)
            if cluster is not None:
                del item.config.stash[_CLUSTER]
                fixture, request = cluster
                fixture.finish(request)  # type: ignore[arg-type] # a SubRequest, as pytest made it


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say in which part of the tests something failed."""
    failed: dict[str, set[str]] = {"with a cluster": set(), "without a cluster": set()}
    for report in terminalreporter.getreports("failed") + terminalreporter.getreports("error"):
        failed["without a cluster" if lane_of(report.nodeid) is None else "with a cluster"].add(report.nodeid)
    for part, names in failed.items():
        if names:
            terminalreporter.write_line(f"FAILED: {len(names)} of the tests {part}", red=True)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """Hand out whole lanes and whole modules, in the order of the collection."""
    config.option.loadscopereorder = False
    return _Scheduling(config, log)
