"""Who may connect to whom. The manifests only: nothing here enforces them."""

import ipaddress
from collections.abc import Callable
from typing import Any

import pytest

_METADATA = ipaddress.ip_address("169.254.169.254")
_ON = ("--set", "networkPolicy.enabled=true")
_CILIUM = (*_ON, "--set", "networkPolicy.flavor=cilium")


def _policies(rendered: Any, kind: str) -> dict[str, dict[str, Any]]:
    return {
        "worker" if item["metadata"]["name"].endswith("-worker") else "operator": item["spec"]
        for item in rendered.manifests
        if item["kind"] == kind
    }


def _lets_out(spec: dict[str, Any], address: str, port: int) -> bool:
    """Tell whether an address outside the cluster may be reached, as NetworkPolicy is defined."""
    ip = ipaddress.ip_address(address)
    for rule in spec["egress"]:
        if not any(item["port"] == port and item["protocol"] == "TCP" for item in rule["ports"]):
            continue
        for peer in rule["to"]:
            block = peer.get("ipBlock")
            if (
                block is not None
                and ip in ipaddress.ip_network(block["cidr"])
                and not any(ip in ipaddress.ip_network(network) for network in block.get("except", ()))
            ):
                return True
    return False


@pytest.fixture(params=["operator", "worker"])
def who(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_default_makes_no_policy(render: Callable[..., Any]) -> None:
    assert not [item for item in render().manifests if item["kind"].endswith("NetworkPolicy")]


def test_the_outside_is_reached_by_https_only(render: Callable[..., Any], who: str) -> None:
    spec = _policies(render(*_ON), "NetworkPolicy")[who]

    assert _lets_out(spec, "203.0.113.7", 443)
    assert _lets_out(spec, "2001:db8::7", 443)
    for port in (22, 80, 5432, 8080):
        assert not _lets_out(spec, "203.0.113.7", port)


@pytest.mark.parametrize("more", [(), ("--set", "networkPolicy.apiServer.cidrs={10.96.0.1/32}")])
def test_metadata_service_is_never_reached(render: Callable[..., Any], who: str, more: tuple[str, ...]) -> None:
    spec = _policies(render(*_ON, *more), "NetworkPolicy")[who]

    for port in (80, 443, 6443):
        assert not _lets_out(spec, str(_METADATA), port)
        assert not _lets_out(spec, "fd00:ec2::254", port)


def test_ranges_that_are_excepted_are_not_reached_but_for_the_api_server(render: Callable[..., Any], who: str) -> None:
    chosen = "networkPolicy.apiServer.cidrs={10.96.0.1/32},networkPolicy.except={10.0.0.0/8,fd00::/8}"
    spec = _policies(render(*_ON, "--set", chosen), "NetworkPolicy")[who]

    assert _lets_out(spec, "10.96.0.1", 443)
    assert not _lets_out(spec, "10.96.0.2", 443)
    assert not _lets_out(spec, "fd00::7", 443)
    assert _lets_out(spec, "203.0.113.7", 443)


def test_nobody_connects_to_a_worker_and_to_the_operator_at_one_port(render: Callable[..., Any]) -> None:
    policies = _policies(render(*_ON, "--set", "health.port=9191"), "NetworkPolicy")

    assert policies["worker"]["ingress"] == []
    assert policies["operator"]["ingress"] == [{"ports": [{"protocol": "TCP", "port": 9191}]}]
    for spec in policies.values():
        assert spec["policyTypes"] == ["Ingress", "Egress"]


def test_policy_of_the_operator_chooses_its_pods(render: Callable[..., Any]) -> None:
    rendered = render(*_ON)
    labels = rendered.of("Deployment")["spec"]["template"]["metadata"]["labels"]
    policies = _policies(rendered, "NetworkPolicy")

    assert policies["operator"]["podSelector"]["matchLabels"].items() <= labels.items()
    assert not policies["worker"]["podSelector"]["matchLabels"].items() <= labels.items()


def test_service_and_budget_choose_the_operators_pods(render: Callable[..., Any]) -> None:
    rendered = render()
    labels = rendered.of("Deployment")["spec"]["template"]["metadata"]["labels"]

    assert rendered.of("Service")["spec"]["selector"].items() <= labels.items()
    assert rendered.of("PodDisruptionBudget")["spec"]["selector"]["matchLabels"].items() <= labels.items()


def test_cilium_lets_both_out_to_the_same_places(render: Callable[..., Any]) -> None:
    policies = _policies(render(*_CILIUM), "CiliumNetworkPolicy")

    assert policies["operator"]["egress"] == policies["worker"]["egress"]
    kinds = [next(iter(set(rule) - {"toPorts"})) for rule in policies["worker"]["egress"]]
    assert kinds == ["toEndpoints", "toEntities", "toFQDNs"]


def test_only_one_flavour_is_made(render: Callable[..., Any]) -> None:
    kinds = {item["kind"] for item in render(*_CILIUM).manifests}

    assert "CiliumNetworkPolicy" in kinds
    assert "NetworkPolicy" not in kinds
