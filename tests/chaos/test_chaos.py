"""The scenarios of `make chaos` with small numbers."""

import json
import subprocess
from collections.abc import Iterator
from uuid import uuid4

import pytest

from devstack.operator_runs.installation import Installation
from devstack.operator_runs.videojob_definition import forget_videojobs, know_videojobs
from runops_operator.kubernetes_api.api_server import ApiServer
from runops_operator.kubernetes_api.kubernetes_cluster import KubernetesCluster
from runops_operator.kubernetes_api.login import log_in
from tests.chaos.record import Record, table
from tests.chaos.scenarios import GEMINI, SHORT_WORKER_KILLS, Options, scenarios
from tests.chaos.site import Site
from tests.chaos.worker_kills import worker_kills

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.timeout(1800),
    pytest.mark.slow(
        "rows end while replicas, workers, the database and the API server are killed; outages last 8 s "
        "and are then recovered from"
    ),
]

_SHORT = Options(short=True)
_LIGHT = [name for name in scenarios() if name not in {"worker-kills", *GEMINI}]


def _assert_kept(record: Record) -> None:
    assert record.kept, table([record])


@pytest.mark.parametrize("name", _LIGHT)
async def test_every_row_ends_once_as_it_should(site: Site, name: str) -> None:
    _assert_kept(await scenarios()[name].run(site, _SHORT))


async def test_every_row_ends_once_though_real_workers_are_killed(site: Site, installation: Installation) -> None:
    _assert_kept(await worker_kills(site, installation, rows=SHORT_WORKER_KILLS, seed=_SHORT.seed, worker_seconds=8.0))


@pytest.mark.parametrize("name", sorted(GEMINI))
async def test_every_row_ends_once_though_gemini_answers_nobody(
    site: Site, installation: Installation, name: str
) -> None:
    _assert_kept(await GEMINI[name](site, installation, _SHORT, 3))


@pytest.fixture
def held_videojob(site: Site) -> Iterator[str]:
    """A VideoJob that holds its definition in deletion, by a finalizer, until the test is over."""
    job_id = str(uuid4())
    name = f"vj-{job_id}"
    metadata = {"name": name, "namespace": "default", "finalizers": ["example.com/held"]}
    manifest = {
        "apiVersion": "runops.dev/v1alpha1",
        "kind": "VideoJob",
        "metadata": metadata,
        "spec": {"jobId": job_id},
    }
    know_videojobs(site.cluster)
    _kubectl(site, "create", "-f", "-", given=json.dumps(manifest))
    yield name
    _kubectl(site, "patch", "videojob", name, "--type=merge", "-p", '{"metadata":{"finalizers":null}}')
    forget_videojobs(site.cluster)
    know_videojobs(site.cluster)


def _kubectl(site: Site, *arguments: str, given: str | None = None) -> None:
    base = [str(site.cluster.kubectl), "--kubeconfig", str(site.cluster.kubeconfig), "-n", "default"]
    subprocess.run([*base, *arguments], input=given, check=True, timeout=240, capture_output=True, text=True)


async def test_a_real_api_server_does_not_serve_videojobs_while_it_deletes_their_definition(
    site: Site, held_videojob: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(site.cluster.kubeconfig))
    async with ApiServer(log_in) as api:
        client = KubernetesCluster(api, "default")
        assert await client.serves_videojobs(f"vj-{uuid4()}")
        _kubectl(site, "delete", "crd", "videojobs.runops.dev", "--wait=false")
        _kubectl(site, "wait", "crd/videojobs.runops.dev", "--for=condition=Terminating", "--timeout=180s")
        _kubectl(site, "get", "videojob", held_videojob)
        assert not await client.serves_videojobs(f"vj-{uuid4()}")
