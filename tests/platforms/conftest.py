"""Releases with real workers, each in a namespace with the rules of one platform."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

import httpx
import psycopg
import pytest

from devstack.cluster import ClusterInfo
from devstack.gemini.behaviour import Behaviour
from devstack.gemini.control import GeminiControl
from devstack.operator_runs.installation import install
from devstack.stack import StackInfo, running_stack
from tests.cluster_objects import ClusterObjects
from tests.eventually import eventually
from tests.platforms.site import Site

_KEPT = {"succeededJobTtlSeconds": 600}
"""A Job that ends by itself is looked at after its video has ended."""
_VALUES = {"poll": {"idleSeconds": 1}, "maxConcurrent": 3, "replicas": 1}


@pytest.fixture(scope="session")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StackInfo]:
    with running_stack(tmp_path_factory.mktemp("outside") / "stack", listen="0.0.0.0") as info:
        with GeminiControl(info.gemini_url) as control:
            control.behave(Behaviour())
        yield info


def _is_there(api: httpx.Client, path: str) -> bool:
    return api.get(path).is_success


@pytest.fixture(scope="session")
def make_namespace(api_server: httpx.Client) -> Callable[[str], None]:
    """Makes a namespace in which only restricted pods run, before anything is installed there."""

    def make(name: str) -> None:
        labels = {"pod-security.kubernetes.io/enforce": "restricted"}
        made = api_server.post("/api/v1/namespaces", json={"metadata": {"name": name, "labels": labels}})
        assert made.status_code in {httpx.codes.CREATED, httpx.codes.CONFLICT}, made.text
        for path in ("serviceaccounts/default", "configmaps/kube-root-ca.crt"):
            eventually(partial(_is_there, api_server, f"/api/v1/namespaces/{name}/{path}"), "the namespace is complete")

    return make


@pytest.fixture(scope="session")
def installed(cluster: ClusterInfo, outside: StackInfo, api_server: httpx.Client) -> Callable[..., Any]:
    """Installs a release into a namespace; it goes with the test that asked for it."""

    @contextmanager
    def make(namespace: str, values: Mapping[str, Any]) -> Iterator[Site]:
        with psycopg.connect(outside.database_url, autocommit=True) as tables:
            tables.execute("truncate public.jobs, public.transcripts, public.sops, auth.users cascade")
        worker = {**_KEPT, **values.get("worker", {})}
        release = install(cluster, outside, namespace=namespace, values={**_VALUES, **values, "worker": worker})
        try:
            yield Site(release, ClusterObjects(api_server, namespace), outside)
        except BaseException:
            for words in (["get", "videojobs,jobs,pods", "-o", "wide"], ["logs", "deployment/runops-operator"]):
                print(release.kubectl(*words))  # noqa: T201 - shown beside a failure
            raise
        finally:
            release.uninstall(wait=False)

    return make
