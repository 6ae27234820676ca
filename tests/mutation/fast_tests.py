"""A pytest plugin for mutation runs: only tests that need no server, and the same examples every time."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings

_NEED_A_SERVER = frozenset({"cluster", "stack"})
_SLOW_FILES = frozenset(
    {
        "test_api_server.py",  # real sockets and time-outs
        "test_hostile_objects.py",  # ten thousand objects
        "test_kopf_run.py",  # kopf, with sockets and time-outs
        "test_what_is_loaded.py",  # a process for each program
    }
)
_READ_THE_CHECKOUT = frozenset(
    {
        "test_benchmark_figures.py",
        "test_crd.py",
        "test_errors_in_logs.py",
        "test_job_waits.py",
        "test_markdown_links.py",
        "test_mutation_record.py",
        "test_mutation_sample.py",
        "test_mutation_session.py",
        "test_mutation_time_limits.py",
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
    # The verdict is known with the first example that fails. Nobody reads a smaller one.
    phases=(Phase.explicit, Phase.generate),
)


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave out whole files: some read a page when they are imported."""
    name = collection_path.name
    return True if name in _SLOW_FILES | _READ_THE_CHECKOUT or name.endswith("_page.py") else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect tests that need a server, and those that are marked as slow."""
    left_out = [item for item in items if _is_slow(item)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in set(left_out)]


def _is_slow(item: pytest.Item) -> bool:
    needs_a_server = bool(_NEED_A_SERVER & set(getattr(item, "fixturenames", ())))
    return needs_a_server or item.get_closest_marker("slow") is not None
