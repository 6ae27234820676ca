"""The chart's roles, the golden file and the code say the same: no right unused, no request unlisted."""

import importlib
import inspect
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path
from typing import Any

import certifi
import pytest
from aiohttp import web
from kubernetes.aio.client import Configuration

from runops.progress import Stage
from runops.report import Report
from runops_operator.kubernetes_api.api_server import ApiServer
from runops_operator.kubernetes_api.cluster import ClusterError
from runops_operator.kubernetes_api.kubernetes_cluster import KubernetesCluster
from runops_worker.reporting.videojob_sink import VideoJobSink
from tests.chart.right import UNLESS_NAMESPACED, NeededRight, Right, given_to, golden, of_request
from tests.chart.rights_page import page

_PAGE = Path(__file__).parents[2] / "docs" / "rights.md"
_NEEDED = [(who, needed) for who, rights in golden().items() for needed in rights]


def test_the_page_of_rights_is_the_generated_one() -> None:
    assert _PAGE.read_text("utf-8") == page(), "run `make rights`"


@pytest.mark.parametrize(
    ("values", "also"),
    [((), UNLESS_NAMESPACED), (("--set", "namespaced=true"), "")],
    ids=["default", "namespaced"],
)
@pytest.mark.parametrize(("who", "account"), [("operator", "runops-operator"), ("worker", "runops-operator-worker")])
def test_the_chart_gives_exactly_these_rights(
    who: str, account: str, values: tuple[str, ...], also: str, render: Callable[..., Any]
) -> None:
    given = given_to(account, render(*values).manifests)
    assert given == {needed.right for needed in golden()[who] if needed.when in {"", also}}


def test_an_installation_with_a_chosen_name_does_not_read_its_namespace(render: Callable[..., Any]) -> None:
    given = given_to("runops-operator", render("--set", "installation=prod-eu").manifests)
    left_out = {needed.right for needed in golden()["operator"] if not needed.when} - given
    assert left_out == {Right("", "namespaces", "get", "videos-ns")}


@pytest.mark.parametrize("cap", ["maxPerUserAndDayUsd", "maxPerDayUsd", "maxPerMonthUsd"])
def test_with_a_cap_over_several_videos_the_chart_gives_the_rights_to_count_them(
    cap: str, render: Callable[..., Any]
) -> None:
    given = given_to("runops-operator", render("--set", f"cost.{cap}=5").manifests)
    assert given == {needed.right for needed in golden()["operator"]}


@pytest.mark.parametrize(("who", "needed"), _NEEDED, ids=[f"{who}-{needed.function}" for who, needed in _NEEDED])
def test_each_right_names_a_line_that_is_there(who: str, needed: NeededRight) -> None:
    module, _, name = needed.function.rpartition(".")
    if module.rpartition(".")[2][0].isupper():
        module, _, kind = module.rpartition(".")
        name = f"{kind}.{name}"
    assert module.startswith(f"runops_{who}.")
    function: Any = importlib.import_module(module)
    for part in name.split("."):
        function = getattr(function, part)
    assert needed.line in inspect.getsource(function)


class _Recorder:
    """An API server that answers everything, and notes what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Right | None] = []

    async def answer(self, request: web.Request) -> web.Response:
        watch = request.query.get("watch") in {"1", "true"}
        self.asked.append(of_request(request.method, request.path, watch=watch))
        return web.json_response({"items": [], "metadata": {}})


@pytest.fixture
async def recorder() -> AsyncIterator[tuple[_Recorder, str]]:
    recorded = _Recorder()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", recorded.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield recorded, f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


def _arguments(method: Callable[..., Any], named: str) -> dict[str, Any]:
    """Return something for every parameter that has to be given; `named` is the name of the object."""
    wanted = (item for item in inspect.signature(method).parameters.values() if item.default is item.empty)
    given: dict[type, Any] = {str: named, bool: True}
    return {item.name: given.get(item.annotation, {"metadata": {"name": "x"}}) for item in wanted}


async def _called(cluster: KubernetesCluster, name: str, *, named: str) -> None:
    method = getattr(cluster, name)
    if inspect.isasyncgenfunction(method):
        async for _ in method(**_arguments(method, named)):
            raise AssertionError("the server has no items")
        return
    await method(**_arguments(method, named))


def _requests_of_the_operator() -> Iterable[str]:
    methods = {name for name, item in vars(KubernetesCluster).items() if inspect.isfunction(item)}
    return sorted(name for name in methods if not name.startswith("_"))


@pytest.mark.parametrize("name", _requests_of_the_operator())
async def test_each_request_of_the_operator_is_the_one_that_its_right_is_for(
    name: str, recorder: tuple[_Recorder, str]
) -> None:
    recorded, url = recorder

    async def login() -> Configuration:
        return Configuration(host=url)

    listed = {
        needed.right
        for needed in golden()["operator"]
        if needed.function == f"runops_operator.kubernetes_api.kubernetes_cluster.KubernetesCluster.{name}"
    }
    async with ApiServer(login) as api:
        try:
            for named in sorted({right.name or "runops-operator" for right in listed}):
                await _called(KubernetesCluster(api, "videos-ns"), name, named=named)
        except ClusterError as error:
            raise AssertionError(f"{name} does not take the answer: {error}") from error
    assert set(recorded.asked) == listed, f"{name} asks for something else than its line in rights.yaml says"


async def test_each_request_of_the_worker_is_the_one_that_its_right_is_for(
    recorder: tuple[_Recorder, str], tmp_path: Path
) -> None:
    recorded, url = recorder
    token = tmp_path / "token"
    token.write_text("token")
    sink = VideoJobSink(
        address=url, namespace="videos-ns", name="vj-1", token_file=token, ca_file=_any_authority(tmp_path)
    )
    await sink.report(Stage.TRANSCRIBING, 50)
    await sink.report_sandbox("Landlock 7, seccomp")
    await sink.report_result(Report())
    await sink.aclose()
    assert len(recorded.asked) == 3
    assert set(recorded.asked) == {needed.right for needed in golden()["worker"]}


def _any_authority(folder: Path) -> Path:
    """Return a file of certificates; plain HTTP asks for none of them."""
    path = folder / "ca.crt"
    path.write_bytes(Path(certifi.where()).read_bytes())
    return path


@pytest.mark.parametrize(
    ("method", "path", "watch", "right"),
    [
        ("GET", "/api/v1/namespaces/n/pods", False, Right("", "pods", "list")),
        ("GET", "/api/v1/pods", True, Right("", "pods", "watch")),
        ("DELETE", "/apis/batch/v1/namespaces/n/jobs", False, Right("batch", "jobs", "deletecollection")),
        ("POST", "/api/v1/namespaces/n/pods/p/eviction", False, Right("", "pods/eviction", "create")),
        (
            "GET",
            "/apis/coordination.k8s.io/v1/namespaces/n/leases/l",
            False,
            Right("coordination.k8s.io", "leases", "get", "l"),
        ),
        ("GET", "/api/v1/namespaces/n", False, Right("", "namespaces", "get", "n")),
        ("GET", "/apis", False, None),
        ("GET", "/version", False, None),
    ],
)
def test_a_request_is_read_as_the_right_that_it_needs(method: str, path: str, watch: bool, right: Right | None) -> None:
    assert of_request(method, path, watch=watch) == right


def test_a_right_in_the_whole_cluster_is_found() -> None:
    binding = {
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "too-much"},
        "subjects": [{"name": "runops-operator"}],
        "roleRef": {"kind": "ClusterRole", "name": "cluster-admin"},
    }
    with pytest.raises(ValueError, match="too-much gives runops-operator a right beyond its namespace"):
        given_to("runops-operator", [binding])
