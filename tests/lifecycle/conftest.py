"""Images in the cluster, a stack that pods reach, and a node for light workers."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import httpx
import psycopg
import pytest

from devstack.cluster import ClusterInfo, load_image
from devstack.images import build
from devstack.stack import StackInfo, running_stack
from tests.lifecycle.light_node import LightNode, light_node
from tests.lifecycle.release import Release, places, values_of

Tables = psycopg.Connection[tuple[Any, ...]]


@pytest.fixture(scope="session")
def reachable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StackInfo]:
    """A stack that pods reach."""
    with running_stack(tmp_path_factory.mktemp("reachable") / "stack", listen="0.0.0.0") as info:
        yield info


@pytest.fixture
def tables(reachable: StackInfo) -> Iterator[Tables]:
    with psycopg.connect(reachable.database_url, autocommit=True) as connection:
        connection.execute("truncate public.jobs, public.transcripts, public.sops, auth.users cascade")
        yield connection


@pytest.fixture(scope="session")
def image(cluster: ClusterInfo) -> str:
    """Name of the operator's image, which the cluster has."""
    built = build("operator", progress=print)
    load_image(cluster, built.archive)
    return built.name


@pytest.fixture
def node(cluster: ClusterInfo, reachable: StackInfo) -> Iterator[LightNode]:
    with light_node(cluster, reachable) as running:
        yield running


@pytest.fixture
def values(image: str, node: LightNode) -> dict[str, Any]:
    return values_of(image, node=node.name)


@pytest.fixture(scope="session")
def keys(cluster: ClusterInfo, reachable: StackInfo) -> Mapping[str, str]:
    return reachable.environment(cluster.host_address)


@pytest.fixture
def place(cluster: ClusterInfo, api_server: httpx.Client, keys: Mapping[str, str]) -> Iterator[Callable[..., Release]]:
    with places(cluster, api_server, keys) as make:
        yield make
