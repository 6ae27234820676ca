"""What Karpenter is told: limits, budgets, instance types."""

from devstack.autoscaler import INSTANCE_TYPES, NodePool


def test_a_pools_taint_is_what_its_toleration_tolerates() -> None:
    pool = NodePool(name="workers")
    (taint,) = pool.manifest()["spec"]["template"]["spec"]["taints"]
    assert pool.toleration == {**taint, "operator": "Equal"}
    assert pool.node_selector == {"karpenter.sh/nodepool": "workers"}


def test_a_pool_has_a_limit_only_where_one_is_given() -> None:
    assert "limits" not in NodePool(name="workers").manifest()["spec"]
    assert NodePool(name="workers", most_cpus=32).manifest()["spec"]["limits"] == {"cpu": "32"}


def test_empty_nodes_may_go_all_at_once_and_others_may_not() -> None:
    budgets = NodePool(name="workers").manifest()["spec"]["disruption"]["budgets"]
    assert {reason: budget["nodes"] for budget in budgets for reason in budget["reasons"]} == {
        "Empty": "100%",
        "Underutilized": "10%",
        "Drifted": "10%",
    }


def test_a_larger_machine_costs_more() -> None:
    prices = [one.as_json()["offerings"][0]["Price"] for one in sorted(INSTANCE_TYPES, key=lambda one: one.cpus)]
    assert prices == sorted(set(prices))
