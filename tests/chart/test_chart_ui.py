"""The page in the chart: off by default, with a token or behind a proxy, with few rights, and closed to other pods."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from runops_ui.cluster.in_pod import InPod
from runops_ui.cluster.snapshot import ClusterReader
from runops_ui.settings import refusal, settings_of
from tests.chart.conftest import Helm
from tests.chart.right import Right, given_to, golden, of_request

_ON = ("--set", "ui.enabled=true,ui.tokenSecret.name=page-token")
_PROXY = ("--set", "ui.enabled=true,ui.behindProxy=true")
_CAPS = ("--set", "cost.maxPerDayUsd=5")


def _environment(rendered: Any) -> dict[str, str]:
    container = rendered.of("Deployment", ending="-ui")["spec"]["template"]["spec"]["containers"][0]
    return {entry["name"]: entry["value"] for entry in container["env"]}


def test_nothing_of_the_page_is_made_by_default(render: Callable[..., Any]) -> None:
    assert not [item for item in render().manifests if item["metadata"]["name"].endswith("-ui")]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ("ui.enabled=true", "Name a Secret with a token in ui.tokenSecret.name, or set ui.behindProxy"),
        ("ui.enabled=true,ui.behindProxy=true,ui.tokenSecret.name=t", "are both set, and only one would be used"),
        ("ui.enabled=true,ui.behindProxy=true,ui.replicas=2", "ui/replicas"),
        ("ui.enabled=true,ui.behindProxy=true,ui.port=80", "ui/port"),
    ],
)
def test_a_page_that_anybody_could_see_is_refused(helm: Helm, chart: Path, values: str, said: str) -> None:
    done = helm("template", "runops-operator", str(chart), "--set", values)
    assert done.returncode != 0
    assert said in done.stderr


@pytest.mark.parametrize(
    ("values", "left_out"),
    [
        ((), {"`ui.allowActions: true`", "a cap over several videos"}),
        (("--set", "ui.allowActions=true"), {"a cap over several videos"}),
        (_CAPS, {"`ui.allowActions: true`"}),
    ],
    ids=["reads", "acts", "counts"],
)
def test_the_page_has_exactly_the_rights_that_are_listed(
    values: tuple[str, ...], left_out: set[str], render: Callable[..., Any]
) -> None:
    given = given_to("runops-operator-ui", render(*_ON, *values).manifests)
    assert given == {needed.right for needed in golden()["ui"] if needed.when not in left_out}


def test_the_page_mounts_the_keys_of_supabase_and_its_token_only(render: Callable[..., Any]) -> None:
    pod = render(*_ON).of("Deployment", ending="-ui")["spec"]["template"]["spec"]
    secrets = {volume["name"]: volume["secret"] for volume in pod["volumes"] if "secret" in volume}
    assert {item["key"] for item in secrets["secrets"]["items"]} == {
        *("SUPABASE_URL", "NEXT_PUBLIC_SUPABASE_URL"),
        *("SUPABASE_SECRET_KEY", "SUPABASE_SERVICE_ROLE_KEY"),
    }
    assert secrets["token"] == {
        "secretName": "page-token",
        "defaultMode": 0o440,
        "items": [{"key": "token", "path": "token"}],
    }
    assert not any("valueFrom" in entry for entry in pod["containers"][0]["env"])
    assert pod["serviceAccountName"] == "runops-operator-ui"


def test_the_page_is_as_confined_as_the_operator(render: Callable[..., Any]) -> None:
    rendered = render(*_ON)
    of_page, of_operator = (
        rendered.of("Deployment", ending=ending)["spec"]["template"]["spec"] for ending in ("-ui", "-operator")
    )
    assert of_page["securityContext"] == of_operator["securityContext"]
    assert of_page["containers"][0]["securityContext"] == of_operator["containers"][0]["securityContext"]
    assert of_page["containers"][0]["image"] == of_operator["containers"][0]["image"]


@pytest.mark.parametrize("values", [_ON, _PROXY], ids=["token", "proxy"])
def test_the_program_takes_the_settings_that_the_chart_gives_it(
    values: tuple[str, ...], render: Callable[..., Any]
) -> None:
    environ = _environment(render(*values, "--set", "ui.hosts={queue.example.com},ui.port=9000,ui.allowActions=true"))
    if "RUNOPS_UI_TOKEN_FILE" in environ:
        environ["RUNOPS_UI_TOKEN"] = "a token of more than sixteen characters"
    settings = settings_of(environ)
    assert refusal(settings) is None
    assert settings.port == 9000
    assert settings.allow_actions
    assert settings.behind_proxy is (values is _PROXY)
    assert {"queue.example.com", "runops-operator-ui.videos-ns.svc"} <= settings.hosts


def test_probes_ask_what_is_served_and_the_service_finds_the_pod(render: Callable[..., Any]) -> None:
    rendered = render(*_ON)
    template = rendered.of("Deployment", ending="-ui")["spec"]["template"]
    container = template["spec"]["containers"][0]
    assert {container[probe]["httpGet"]["path"] for probe in ("startupProbe", "livenessProbe")} == {"/healthz"}
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
    service = rendered.of("Service", ending="-ui")
    assert service["spec"]["selector"].items() <= template["metadata"]["labels"].items()
    # Neither the operator's Service nor its policies choose the page.
    assert not rendered.of("Service")["spec"]["selector"].items() <= template["metadata"]["labels"].items()


@pytest.mark.parametrize("flavor", ["kubernetes", "cilium"])
def test_a_policy_lets_in_whom_the_values_name_at_one_port(flavor: str, render: Callable[..., Any]) -> None:
    peers = "ui.ingressFrom[0].podSelector.matchLabels.app=proxy,ui.ciliumIngressFrom[0].matchLabels.app=proxy"
    rendered = render(*_PROXY, "--set", f"networkPolicy.enabled=true,networkPolicy.flavor={flavor},{peers}")
    kind = "NetworkPolicy" if flavor == "kubernetes" else "CiliumNetworkPolicy"
    spec = rendered.of(kind, ending="-ui")["spec"]
    (rule,) = spec["ingress"]
    if flavor == "kubernetes":
        assert rule["from"] == [{"podSelector": {"matchLabels": {"app": "proxy"}}}]
        assert rule["ports"] == [{"protocol": "TCP", "port": 8765}]
    else:
        assert rule["fromEndpoints"] == [{"matchLabels": {"app": "proxy"}}]
        assert rule["toPorts"] == [{"ports": [{"port": "8765", "protocol": "TCP"}]}]


async def test_each_request_of_the_page_is_one_that_a_right_is_for(tmp_path: Path) -> None:
    asked: set[Right | None] = set()

    async def answer(request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == "Bearer the-token"
        asked.add(of_request(request.method, request.path))
        return web.json_response({"items": [], "metadata": {}})

    for name, text in (("token", "the-token\n"), ("namespace", "videos-ns")):
        (tmp_path / name).write_text(text)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    async with TestServer(app) as server, InPod(tmp_path, server=str(server.make_url("")).rstrip("/")) as access:
        snapshot = await ClusterReader(access, record="runops-operator-spending").snapshot()
        assert snapshot.trouble is None
        assert snapshot.read_at is not None
        await access.set_suspended("vj-1", suspended=True)
        await access.get("/api/v1/namespaces/videos-ns/events?fieldSelector=involvedObject.name%3Dvj-1")
    assert asked == {needed.right for needed in golden()["ui"]}
