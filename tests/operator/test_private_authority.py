"""The operator's program where Supabase and the API server are behind certificates of a company's own authority."""

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path

import aiohttp
import yaml

from devstack.operator_runs.empty_tables import EmptyTables
from devstack.operator_runs.operator_process import Replica, Started, program_starts
from devstack.operator_runs.small_api_server import SmallApiServer
from runops.authorities import CA_BUNDLE
from tests.network_path import behind_private_authority

_SECONDS = 120.0
_SETTINGS = {
    "installation": "team/runops",
    "namespace": "team",
    "prompts": {"configMap": "prompts"},
    "worker": {"image": "worker:1", "serviceAccountName": "worker", "secretName": "keys"},
}


def _replica(folder: Path, supabase: str, api_server: str, *, bundle: Path | None) -> Replica:
    folder.mkdir()
    kubeconfig = folder / "kubeconfig"
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "c",
        "clusters": [{"name": "c", "cluster": {"server": api_server}}],
        "users": [{"name": "u", "user": {"token": "t"}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
    }
    kubeconfig.write_text(yaml.safe_dump(config))
    start = program_starts(Path(sys.executable).parent / "runops-operator")

    def starts(*, environment: Mapping[str, str], log: Path) -> Started:
        more = {} if bundle is None else {CA_BUNDLE: str(bundle)}
        return start(environment={**environment, **more}, log=log)

    return Replica(
        "replica",
        settings=_SETTINGS,
        environment={"SUPABASE_URL": supabase, "SUPABASE_SERVICE_ROLE_KEY": "sb_secret_abcdefghijklmnopqrstuvwxyz"},
        kubeconfig=kubeconfig,
        folder=folder / "operator",
        starts=starts,
    )


async def _asked(replica: Replica, path: str) -> str:
    try:
        async with aiohttp.ClientSession() as http, http.get(f"{replica.probes}/{path}") as response:
            return await response.text()
    except (aiohttp.ClientError, TimeoutError):
        return ""


async def test_the_operator_works_with_the_bundle_and_names_the_value_without_it(tmp_path: Path) -> None:
    async with (
        SmallApiServer.running() as server,
        EmptyTables.running() as tables,
        behind_private_authority(tmp_path, tables.url, server.url) as (bundle, (supabase, api_server)),
    ):
        trusting = _replica(tmp_path / "a", supabase, api_server, bundle=bundle)
        without_supabase = _replica(tmp_path / "b", supabase, server.url, bundle=None)
        without_cluster = _replica(tmp_path / "c", tables.url, api_server, bundle=None)
        replicas = (trusting, without_supabase, without_cluster)
        try:
            for replica in replicas:
                replica.start()
            async with asyncio.timeout(_SECONDS):
                while await _asked(trusting, "readyz") != "ok\n":  # noqa: ASYNC110 - another process
                    await asyncio.sleep(0.1)
                for replica in (without_supabase, without_cluster):
                    while "Its certificate is not trusted" not in replica.log_tail():  # noqa: ASYNC110 - the same
                        await asyncio.sleep(0.1)
                    assert "the chart's value caBundle" in replica.log_tail()
            assert "not trusted" not in trusting.log_tail()
        finally:
            for replica in replicas:
                replica.kill()
