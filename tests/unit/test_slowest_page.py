"""The page of the slowest tests, and the order in which tests start."""

from collections.abc import Mapping
from xml.etree import ElementTree as ET

import pytest

from tests.costs import CPU_SECONDS, REASON, SESSION_END_SECONDS, SET_UP_SECONDS
from tests.lanes import lane_of, start_order
from tests.slowest import page


def _suite(tests: Mapping[str, tuple[float, str]]) -> ET.Element:
    """Return a suite of tests with their seconds and reasons, as pytest writes it."""
    suite = ET.Element("testsuite", tests=str(len(tests)), time="90.0", timestamp="2026-11-29T19:59:40.846587+00:00")
    for name, (seconds, reason) in tests.items():
        case = ET.SubElement(suite, "testcase", classname="tests.e2e.test_rows", name=name, time=str(seconds))
        properties = ET.SubElement(case, "properties")
        for key, value in ((SET_UP_SECONDS, "2.0"), (CPU_SECONDS, "1.0"), (REASON, reason)):
            if value:
                ET.SubElement(properties, "property", name=key, value=value)
    return suite


def test_the_twenty_slowest_are_listed_with_their_reason_the_slowest_first() -> None:
    shown = page(_suite({f"test_{number}[a|b]": (float(number), f"reason {number}") for number in range(30)}))
    rows = [line for line in shown.splitlines() if line.startswith("| `")]
    assert len(rows) == 20
    assert rows[0] == r"| `e2e/test_rows.py` `test_29[a\|b]` | 29 | 2 | 1 | reason 29 |"
    assert "30 tests in 1.5 minutes" in shown
    assert "2026-11-29" in shown


def test_a_slow_test_without_a_reason_is_named() -> None:
    with pytest.raises(ValueError, match=r"tests/e2e/test_rows\.py::test_unexplained"):
        page(_suite({"test_explained": (1.0, "because"), "test_unexplained": (2.0, "")}))


def test_the_end_of_what_all_tests_shared_is_not_counted_for_the_last_one() -> None:
    suite = _suite({"test_last": (300.0, "because"), "test_slow": (20.0, "because")})
    properties = suite.find("testcase/properties")
    assert properties is not None
    ET.SubElement(properties, "property", name=SESSION_END_SECONDS, value="290.0")
    rows = [line for line in page(suite).splitlines() if line.startswith("| `")]
    assert [row.split("|")[2].strip() for row in rows] == ["20", "10"]


@pytest.mark.parametrize(
    ("nodeid", "lane"),
    [
        ("tests/e2e/test_rows_become_sops.py::test_five_rows", 0),
        ("tests/apiserver/test_fake_kubelet.py::test_a", 1),
        ("tests/chaos/test_chaos.py::test_every_row[a]", 2),
        ("tests/lifecycle/test_two_releases.py::test_a", 3),
        ("tests/chaos/test_chaos_verdict.py::test_a_row", None),
        ("tests/unit/test_slowest_page.py::test_lanes", None),
    ],
)
def test_only_tests_with_a_cluster_are_in_a_lane(nodeid: str, lane: int | None) -> None:
    assert lane_of(nodeid) == lane


def test_lanes_start_first_then_the_slow_modules() -> None:
    def order(nodeid: str, *, cluster: bool = False, slow: pytest.Mark | None = None) -> int:
        return start_order(nodeid, needs_cluster=cluster, slow=slow)

    first, slow = pytest.mark.slow("why", first=True).mark, pytest.mark.slow("why").mark
    orders = [
        order("tests/e2e/test_rows_become_sops.py::test_a", cluster=True, slow=slow),
        order("tests/release/test_release.py::test_b", slow=first),
        order("tests/media/test_media_header.py::test_c", slow=slow),
        order("tests/unit/test_keys.py::test_d"),
    ]
    assert orders == sorted(set(orders))


def test_a_test_that_needs_a_cluster_and_has_no_lane_is_refused() -> None:
    with pytest.raises(pytest.UsageError, match=r"tests/unit/test_new\.py::test_a needs a cluster"):
        start_order("tests/unit/test_new.py::test_a", needs_cluster=True, slow=None)
