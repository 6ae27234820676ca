"""Two releases in two namespaces on one table, the second installed by somebody who is admin of its namespace only."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import httpx
import psycopg
import pytest

from devstack.cluster import ClusterInfo
from devstack.stack import StackInfo
from tests.eventually import eventually
from tests.lifecycle.light_node import LightNode, light_node
from tests.lifecycle.release import CHART, Release, places, values_of

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.timeout(1800),
    pytest.mark.slow("two releases with real operator pods; roles have to be aggregated into admin first"),
]

Tables = psycopg.Connection[tuple[Any, ...]]
_ADMIN = "admin-of-the-second-namespace"
_ROWS = 12
_CLUSTER_WIDE = ("crd.yaml", "aggregate.yaml")


@pytest.fixture(scope="module")
def node(cluster: ClusterInfo, reachable: StackInfo) -> Iterator[LightNode]:
    with light_node(cluster, reachable) as running:
        yield running


@pytest.fixture(scope="module")
def values(image: str, node: LightNode) -> dict[str, Any]:
    return values_of(image, node=node.name) | {"maxConcurrent": 2, "replicas": 1}


@pytest.fixture(scope="module")
def place(cluster: ClusterInfo, api_server: httpx.Client, keys: Mapping[str, str]) -> Iterator[Callable[..., Release]]:
    with places(cluster, api_server, keys) as make:
        yield make


@pytest.fixture(scope="module")
def first(place: Callable[..., Release], values: dict[str, Any]) -> Release:
    """The release of whoever administers the cluster."""
    release = place()
    release.helmed(
        *("upgrade", "--install", release.name, str(CHART), "--wait", "--timeout", "480s"),
        *("--take-ownership", "--force-conflicts"),
        values=values,
    )
    return release


@pytest.fixture(scope="module")
def second(place: Callable[..., Release], first: Release, values: dict[str, Any]) -> Iterator[Release]:
    """The release of an admin of one namespace; the first one's roles for people give them what they pass on."""
    release = place(user=_ADMIN)
    release.told("create", "rolebinding", "its-admin", "--clusterrole=admin", f"--user={_ADMIN}")
    question = ("auth", "can-i", "patch", "videojobs.runops.dev", "--subresource=status", "--as", _ADMIN)
    eventually(lambda: release.kubectl(*question).stdout.strip() == "yes", "the roles are aggregated into admin")
    release.helmed(
        *("install", release.name, str(CHART), "--wait", "--timeout", "480s"),
        values={**values, "namespaced": True},
    )
    assert first.namespace != release.namespace
    yield release
    # Its admin is gone with the namespace; what is left is removed by the cluster's.
    Release(release.cluster, release.api, release.namespace).remove()


def test_both_work_on_one_table_and_neither_reads_the_other(
    first: Release, second: Release, node: LightNode, tables: Tables
) -> None:
    node.go_on.set()
    tables.execute("insert into public.jobs (job_id) select gen_random_uuid() from generate_series(1, %s)", (_ROWS,))

    def ended() -> bool:
        return tables.execute("select count(*) from public.jobs where status = 'completed'").fetchone() == (_ROWS,)

    eventually(ended, "every row is completed")
    sops = tables.execute("select count(*), count(distinct job_id) from public.sops").fetchone()
    assert sops == (_ROWS, _ROWS), "each row is done once"
    eventually(lambda: (first.phases() + second.phases()).keys() == {"Succeeded"}, "the VideoJobs have ended, too")
    for release in (first, second):
        assert release.objects("videojobs"), f"{release.namespace} did some of them"
    done = [item["metadata"]["name"] for release in (first, second) for item in release.objects("videojobs")]
    assert sorted(done) == sorted(f"vj-{job_id}" for (job_id,) in tables.execute("select job_id from public.jobs"))

    for mine, other in ((first, second), (second, first)):
        account = f"system:serviceaccount:{mine.namespace}:runops-operator"
        for question in (("list", "videojobs.runops.dev"), ("list", "pods"), ("get", "secrets"), ("create", "jobs")):
            assert other.kubectl("auth", "can-i", *question, "--as", account).stdout.strip() == "no", question


def test_the_second_one_leaves_nothing_in_the_cluster(second: Release) -> None:
    owned = ("-l", f"app.kubernetes.io/instance={second.name}", "-o", "name")
    bindings = second.told("get", "clusterrolebindings,clusterroles,validatingadmissionpolicies", "-A", *owned)
    assert second.namespace not in bindings
    assert second.helmed("test", second.name, "--timeout", "480s")
