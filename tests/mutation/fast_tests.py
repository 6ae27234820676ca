"""A pytest plugin for mutation runs: only tests that need no server, and the same examples every time."""

from typing import Any

import pytest
from hypothesis import HealthCheck, settings

_NEED_A_SERVER = frozenset({"cluster", "stack"})
_SLOW_FILES = frozenset(
    {
        "test_api_server.py",  # real sockets and time-outs
        "test_hostile_objects.py",  # ten thousand objects
        "test_leader.py",  # several processes in turn
        "test_what_is_loaded.py",  # a process for each program
    }
)
_READ_THE_CHECKOUT = frozenset(
    {
        "test_benchmark_figures.py",
        "test_crd.py",
        "test_job_waits.py",
        "test_markdown_links.py",
        "test_mutation_verdicts.py",
        "test_node_times.py",
    }
)
"""They compare pages and benchmarks, which are not in the mutation workspace; so do all named `test_..._page.py`."""

# A mutant is run in a fork of the process that collected the tests. Random examples would make a verdict change from
# run to run, and the health checks take the fork for a fault of the test.
settings.register_profile(
    "mutants",
    deadline=None,
    derandomize=True,
    database=None,
    max_examples=50,
    suppress_health_check=list(HealthCheck),
)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect what does not fit a mutation run."""
    left_out = [item for item in items if _is_left_out(item)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in set(left_out)]


def _is_left_out(item: Any) -> bool:
    needs = set(getattr(item, "fixturenames", ()))
    name: str = item.path.name
    return bool(needs & _NEED_A_SERVER) or name in _SLOW_FILES | _READ_THE_CHECKOUT or name.endswith("_page.py")
