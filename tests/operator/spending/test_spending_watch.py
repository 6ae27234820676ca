"""The record in its ConfigMap: written as one version, read by the next process, and never guessed."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from runops.spending_record import KEY_IN_RECORD, RecordUnreadable, read_record
from runops_operator.config import Cost
from runops_operator.informer.store import Store
from runops_operator.kubernetes_api.cluster import ClusterError
from runops_operator.observability.metrics import Metrics
from runops_operator.spending.caps import NO_SPENDING_CAP
from runops_operator.spending.spending_watch import SpendingWatch
from tests.simulation.cluster import START, MemoryCluster

DAY = START.date().isoformat()
CAPS = Cost.model_validate({"max_per_day_usd": 1, "record": "spent"})


class Operator:
    """A process in front of a cluster; its store is fed by hand."""

    def __init__(self, cluster: MemoryCluster, caps: Cost = CAPS) -> None:
        self.now = START
        self.metrics, self.store = Metrics(), Store()
        self.watch = SpendingWatch(cluster, self.store, caps, show=self.metrics.spending, now=lambda: self.now)
        self.store.observe(self.watch.see, deleted=self.watch.see_deleted)

    def reports(
        self, ledger: str, dollars: str, *, version: int = 1, name: str = "vj-1", uid: str = "u", **usage: Any
    ) -> None:
        self.store.see_videojob(videojob(ledger, dollars, version=version, name=name, uid=uid, **usage))

    def begins(self, name: str, **status: Any) -> None:
        """Take in a VideoJob that has reported nothing; `status` has what the operator wrote."""
        body = videojob("", "0", version=1, name=name, uid=name)
        self.store.see_videojob(body | {"status": status})


def videojob(ledger: str, dollars: str, *, version: int, name: str, uid: str, **usage: Any) -> dict[str, Any]:
    """Return a VideoJob; `usage` has further fields of its usage."""
    return {
        "metadata": {
            "name": name,
            "uid": uid,
            "resourceVersion": str(version),
            "creationTimestamp": f"{DAY}T12:00:00Z",
            "annotations": {"runops.dev/claim": "token"},
        },
        "spec": {"jobId": "00000000-0000-4000-8000-000000000001"},
        "status": {
            "usage": {"ledger": ledger, "costUsd": dollars, "days": [{"day": DAY, "costUsd": dollars}], **usage}
        },
    }


def spent(cluster: MemoryCluster) -> int:
    return read_record(cluster.configmaps["spent"]["data"][KEY_IN_RECORD]).of_day


@pytest.fixture
def cluster() -> MemoryCluster:
    return MemoryCluster()


async def test_what_is_reported_is_added_and_survives_the_process(cluster: MemoryCluster) -> None:
    first = Operator(cluster)
    first.reports("a", "0.25")
    await first.watch.once()
    assert spent(cluster) == 250_000
    second = Operator(cluster)
    second.reports("a", "0.40", version=2)
    await second.watch.once()
    assert spent(cluster) == 400_000


async def test_two_operators_never_add_the_same_twice(cluster: MemoryCluster) -> None:
    one, two = Operator(cluster), Operator(cluster)
    for operator in (one, two):
        operator.reports("a", "0.25")
        await operator.watch.once()
    assert spent(cluster) == 250_000
    two.reports("a", "0.30", version=2)
    await two.watch.once()
    one.reports("a", "0.35", version=3)
    await one.watch.once()
    assert spent(cluster) == 350_000


async def test_an_operator_that_is_behind_does_not_undo_what_another_added(cluster: MemoryCluster) -> None:
    one, two = Operator(cluster), Operator(cluster)
    one.reports("a", "0.25")
    await one.watch.once()
    two.reports("a", "0.25")
    two.reports("b", "0.20", name="vj-2", uid="u2")
    await two.watch.once()
    one.reports("a", "0.30", version=2)
    await one.watch.once()
    assert spent(cluster) == 500_000


async def test_a_video_that_was_deleted_or_made_anew_before_it_was_added_is_added(cluster: MemoryCluster) -> None:
    operator = Operator(cluster)
    operator.reports("a", "0.10", name="vj-1", uid="u1")
    operator.reports("b", "0.20", name="vj-2", uid="u2")
    operator.store.see_videojob(videojob("b", "0.20", version=5, name="vj-2", uid="u2"), deleted=True)
    operator.reports("c", "0.40", name="vj-1", uid="u3", version=9)
    await operator.watch.once()
    assert spent(cluster) == 700_000
    await operator.watch.once()
    assert spent(cluster) == 700_000


async def test_what_a_videojob_reports_in_the_moment_of_its_deletion_is_added(cluster: MemoryCluster) -> None:
    operator = Operator(cluster)
    operator.reports("a", "0.10")
    await operator.watch.once()
    operator.store.see_videojob(videojob("a", "0.30", version=5, name="vj-1", uid="u"), deleted=True)
    await operator.watch.once()
    assert spent(cluster) == 300_000


async def test_calls_under_way_count_once_the_worker_says_no_more(cluster: MemoryCluster) -> None:
    operator = Operator(cluster)
    calls = [{"day": DAY, "costUsd": "0.05"}]
    operator.reports("a", "0.10", underWay=calls)
    operator.reports("b", "0.20", name="vj-2", uid="u2", underWay=calls)
    await operator.watch.once()
    assert spent(cluster) == 300_000
    operator.store.drop_videojob("vj-1")
    ended = videojob("b", "0.20", version=2, name="vj-2", uid="u2", underWay=calls)
    done = {"type": "Finished", "status": "True", "reason": "Failed", "lastTransitionTime": f"{DAY}T13:00:00Z"}
    ended["status"] |= {"conditions": [done], "completionTime": f"{DAY}T13:00:00Z"}
    operator.store.see_videojob(ended)
    await operator.watch.once()
    assert spent(cluster) == 400_000
    # The next run of the first video counts the same calls, as they were estimated.
    operator.reports("a", "0.15", version=9, uid="u3")
    await operator.watch.once()
    assert spent(cluster) == 400_000


async def test_the_report_of_an_earlier_videojob_of_the_same_name_does_not_replace_the_present_one(
    cluster: MemoryCluster,
) -> None:
    operator = Operator(cluster)
    operator.reports("b", "0.20", uid="u2", version=9, estimatedCostUsd="0.70")
    operator.store.see_videojob(videojob("a", "0.10", version=10, name="vj-1", uid="u1"), deleted=True)
    await operator.watch.once()
    assert spent(cluster) == 300_000
    assert operator.watch.verdict({}).room == 1, "the present one is expected to spend 0.50 more"


async def test_a_video_without_an_estimate_counts_like_the_largest_one(cluster: MemoryCluster) -> None:
    operator = Operator(cluster)
    await operator.watch.once()
    assert operator.watch.verdict({}).room == 1, "the first one tells"
    assert operator.watch.verdict({"ann": 1}).room == 0
    operator.begins("vj-2")
    assert operator.watch.verdict({}).room == 0
    operator.reports("", "0", estimatedCostUsd="0.20")
    # 0.80 USD are left; one video may cost 0.20 USD as well.
    assert operator.watch.verdict({}).room == 3
    assert operator.watch.verdict({"ann": 2}).room == 1
    operator.reports("a", "0.20", version=2, estimatedCostUsd="0.20")
    assert operator.watch.verdict({}).room == 3


@pytest.mark.parametrize(
    "status",
    [
        {
            "conditions": [
                {"type": "Stalled", "status": "True", "reason": "R", "lastTransitionTime": f"{DAY}T13:00:00Z"}
            ]
        },
        {"phase": "Suspended"},
    ],
    ids=["no node has room", "a queue has not admitted it"],
)
async def test_a_first_video_that_stands_still_does_not_stop_all_others(
    cluster: MemoryCluster, status: dict[str, Any]
) -> None:
    operator = Operator(cluster)
    await operator.watch.once()
    operator.begins("vj-1", **status)
    assert operator.watch.verdict({}).room == 1
    assert operator.watch.verdict({"ann": 1}).room == 0, "one at a time"
    operator.begins("vj-2")
    assert operator.watch.verdict({}).room == 0


async def test_a_suspended_video_is_expected_to_spend_nothing_but_its_last_calls(cluster: MemoryCluster) -> None:
    operator = Operator(cluster)
    await operator.watch.once()
    calls = [{"day": DAY, "costUsd": "0.05"}]
    body = videojob("a", "0.10", version=1, name="vj-1", uid="u", estimatedCostUsd="9", underWay=calls)
    operator.store.see_videojob(body)
    assert operator.watch.verdict({}).reached is not None
    body["metadata"]["resourceVersion"] = "2"
    operator.store.see_videojob(body | {"spec": body["spec"] | {"suspend": True}})
    assert operator.watch.verdict({}).reached is None
    operator.reports("b", "0.85", name="vj-2", uid="u2")
    assert operator.watch.verdict({}).reached is not None


async def test_one_absurd_report_stops_no_count(cluster: MemoryCluster) -> None:
    operator = Operator(cluster)
    absurd = [{"day": "9999-12-31", "costUsd": "-1"}, {"day": "0001-01-01", "costUsd": "1e999999"}]
    operator.reports("a", "NaN", days=absurd, underWay=absurd, estimatedCostUsd="Infinity")
    operator.reports("b", "0.20", name="vj-2", uid="u2", underWay=[{"day": DAY, "costUsd": "1"}] * 999)
    operator.reports("c", "0.30", name="vj-3", uid="u3")
    await operator.watch.once()
    assert spent(cluster) == 300_000
    operator.reports("a", "NaN", version=2, days=[{"day": "9999-12-31", "costUsd": "0.01"}])
    await operator.watch.once()
    operator.now += timedelta(days=1)
    await operator.watch.once()
    assert operator.watch.verdict({}).reached is None


async def test_all_videos_at_work_of_a_user_count_together(cluster: MemoryCluster) -> None:
    caps = Cost.model_validate({"max_per_user_and_day_usd": "0.5", "record": "spent"})
    operator = Operator(cluster, caps)
    operator.reports("", "0", estimatedCostUsd="0.25")
    await operator.watch.once()
    assert operator.watch.verdict({}).capped_users == frozenset()
    operator.reports("", "0", name="vj-2", uid="u2", estimatedCostUsd="0.25")
    assert operator.watch.verdict({}).capped_users == {""}


async def test_no_video_is_taken_to_cost_more_than_its_cap(cluster: MemoryCluster) -> None:
    operator = Operator(cluster, CAPS.model_copy(update={"max_per_video_usd": Decimal("0.25")}))
    await operator.watch.once()
    assert operator.watch.verdict({}).room == 4
    operator.reports("a", "0", estimatedCostUsd="0.50")
    assert operator.watch.verdict({}).room == 2
    operator.reports("a", "0", version=2, estimatedCostUsd="0.10")
    assert operator.watch.verdict({}).room == 9


@pytest.mark.parametrize("more", ["0.25", "0.30"], ids=["nothing is reported", "something is reported"])
async def test_a_deleted_record_is_made_anew_of_the_videojobs_that_exist(cluster: MemoryCluster, more: str) -> None:
    operator = Operator(cluster)
    operator.reports("a", "0.25")
    operator.reports("b", "0.70", name="vj-2", uid="u2")
    await operator.watch.once()
    operator.store.drop_videojob("vj-2")
    await operator.watch.once()
    del cluster.configmaps["spent"]
    operator.reports("a", more, version=2)
    await operator.watch.once()
    assert spent(cluster) == round(float(more) * 1_000_000)
    assert operator.watch.verdict({}).reached is None


async def test_nothing_is_written_where_nothing_changed(cluster: MemoryCluster) -> None:
    operator = Operator(cluster)
    operator.reports("a", "0.25")
    await operator.watch.once()
    version = cluster.configmaps["spent"]["metadata"]["resourceVersion"]
    await operator.watch.once()
    assert cluster.configmaps["spent"]["metadata"]["resourceVersion"] == version


async def test_the_verdict_counts_what_is_not_written_yet(cluster: MemoryCluster) -> None:
    operator = Operator(cluster)
    await operator.watch.once()
    assert operator.watch.verdict({}).reached is None
    operator.reports("a", "1.00")
    assert operator.watch.verdict({}).reached is not None
    operator.now += timedelta(days=1)
    assert operator.watch.verdict({}).reached is None


async def test_while_nothing_changes_nothing_is_counted_again(
    cluster: MemoryCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    operator = Operator(cluster)
    operator.reports("a", "0.25")
    await operator.watch.once()
    with monkeypatch.context() as at_rest:
        at_rest.setattr("runops_operator.spending.spending_watch.counted", None)
        assert operator.watch.verdict({"ann": 1}).reached is None
    operator.reports("a", "1.00", version=2)
    assert operator.watch.verdict({}).reached is not None
    operator.store.drop_videojob("vj-1")
    operator.reports("a", "0.10", version=9, uid="u3")
    assert operator.watch.verdict({}).reached is not None


async def test_a_raised_cap_holds_at_once(cluster: MemoryCluster) -> None:
    operator = Operator(cluster)
    operator.reports("a", "1.00")
    await operator.watch.once()
    assert operator.watch.verdict({}).reached is not None
    raised = Operator(cluster, CAPS.model_copy(update={"max_per_day_usd": 2}))
    await raised.watch.once()
    assert raised.watch.verdict({}).reached is None


async def test_while_it_is_not_known_what_was_spent_nothing_is_claimed(cluster: MemoryCluster) -> None:
    operator = Operator(cluster)
    with pytest.raises(ClusterError, match="spent was not read yet"):
        operator.watch.verdict({})
    cluster.broken = 1
    with pytest.raises(ClusterError):
        await operator.watch.once()
    with pytest.raises(ClusterError):
        operator.watch.verdict({})


async def test_a_config_map_that_somebody_changed_is_named_with_the_way_out(cluster: MemoryCluster) -> None:
    cluster.configmaps["spent"] = {"metadata": {"resourceVersion": "1"}, "data": {KEY_IN_RECORD: "much"}}
    operator = Operator(cluster)
    with pytest.raises(RecordUnreadable, match="Delete it"):
        await operator.watch.once()
    with pytest.raises(ClusterError, match="ConfigMap spent cannot be read"):
        operator.watch.verdict({})
    del cluster.configmaps["spent"]
    operator.reports("a", "0.25")
    await operator.watch.once()
    assert spent(cluster) == 250_000


async def test_a_config_map_that_changes_all_the_time_is_given_up_for_now(
    cluster: MemoryCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    operator = Operator(cluster)
    await operator.watch.once()
    real = cluster.replace_configmap

    async def raced(name: str, data: Mapping[str, str], *, version: str) -> Any:
        await real(
            name, cluster.configmaps[name]["data"], version=cluster.configmaps[name]["metadata"]["resourceVersion"]
        )
        return await real(name, data, version=version)

    monkeypatch.setattr(cluster, "replace_configmap", raced)
    operator.reports("a", "0.25")
    with pytest.raises(ClusterError, match="changes faster"):
        await operator.watch.once()


async def test_the_metrics_show_what_was_spent(cluster: MemoryCluster) -> None:
    operator = Operator(cluster, Cost.model_validate({"max_per_user_and_day_usd": "0.2", "record": "spent"}))
    operator.reports("a", "0.25")
    await operator.watch.once()
    text = operator.metrics.text().decode()
    for line in (
        'runops_spending_usd{window="day"} 0.25',
        'runops_spending_usd{window="month"} 0.25',
        "runops_spending_capped_users 1.0",
    ):
        assert line in text
    operator.metrics.stands_by()
    assert "runops_spending_usd{" not in operator.metrics.text().decode()


async def test_without_a_cap_nothing_is_read_or_written(cluster: MemoryCluster) -> None:
    operator = Operator(cluster, Cost())
    operator.reports("a", "9")
    assert operator.watch.verdict({}) == NO_SPENDING_CAP
    assert cluster.configmaps == {}
