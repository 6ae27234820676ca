"""What looks at a cluster tell of the lives of its nodes."""

import pytest

from benchmarks.autoscaling.node_times import NodeTimes
from devstack.autoscaler import InstanceType

_SMALL, _LARGE = InstanceType(4), InstanceType(16)


def _node(uid: str, kind: InstanceType) -> dict[str, object]:
    return {"metadata": {"uid": uid, "labels": {"node.kubernetes.io/instance-type": kind.name}}}


def test_nodes_that_come_and_go_are_counted_and_paid_for_as_long_as_they_were_there() -> None:
    times = NodeTimes((_SMALL, _LARGE))
    times.look([], 0.0)
    times.look([_node("a", _SMALL)], 10.0)
    times.look([_node("a", _SMALL), _node("b", _LARGE)], 20.0)
    assert (times.there, times.last_went) == (2, None)
    times.look([_node("b", _LARGE)], 30.0)
    times.look([], 3620.0)
    assert (times.made, times.most, times.there, times.first_came, times.last_went) == (2, 2, 0, 10.0, 3620.0)
    assert times.changes() == [(10.0, 1), (20.0, 2), (30.0, 1), (3620.0, 0)]
    assert times.cpu_hours(9999.0) == pytest.approx((4 * 20 + 16 * 3600) / 3600)
    assert times.dollars(9999.0) == pytest.approx(times.cpu_hours(9999.0) * 0.05)


def test_a_node_that_is_there_counts_until_now() -> None:
    times = NodeTimes((_SMALL,))
    times.look([_node("a", _SMALL)], 0.0)
    assert times.cpu_hours(3600.0) == pytest.approx(4.0)


def test_without_a_node_there_is_no_first_and_no_last() -> None:
    times = NodeTimes((_SMALL,))
    times.look([], 0.0)
    assert (times.first_came, times.last_went, times.most) == (None, None, 0)
