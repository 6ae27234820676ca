"""A worker whose Supabase, Gemini and API server are behind certificates of a company's own authority."""

import asyncio
from pathlib import Path

import pytest
from aiohttp import web

from devstack.cluster.configuration.certificates import Authority
from runops.authorities import CA_BUNDLE
from runops.failures import Reason
from runops.progress import Stage
from runops.report import parse_report
from runops_worker.reporting.videojob_sink import VideoJobSink
from tests.network_path import behind_private_authority
from tests.worker.job import Job
from tests.worker.test_worker_in_its_pod import ended, pod


def _keys(job: Job, folder: Path, supabase: str, gemini: str) -> str:
    folder.mkdir()
    keys = job.stack.environment() | {"SUPABASE_URL": supabase, "GOOGLE_GEMINI_BASE_URL": gemini}
    for name, value in keys.items():
        (folder / name).write_text(value)
    return str(folder)


async def test_a_worker_trusts_the_bundle_for_everything_that_it_calls(job: Job, tmp_path: Path) -> None:
    async with behind_private_authority(tmp_path, job.stack.url, job.stack.gemini_url) as (bundle, addresses):
        keys = _keys(job, tmp_path / "keys", *addresses)
        changes = {"RUNOPS_SECRETS_DIR": keys, CA_BUNDLE: str(bundle)}
        with pod(job, tmp_path, **changes) as process:
            code, log = await asyncio.to_thread(ended, process)
    assert code == 0, log
    assert job.row()["status"] == "completed"


async def test_without_it_a_worker_says_which_value_is_missing(job: Job, tmp_path: Path) -> None:
    async with behind_private_authority(tmp_path, job.stack.gemini_url) as (_, addresses):
        keys = _keys(job, tmp_path / "keys", job.stack.url, *addresses)
        with pod(job, tmp_path, RUNOPS_SECRETS_DIR=keys) as process:
            code, log = await asyncio.to_thread(ended, process, seconds=280.0)
    report = parse_report((tmp_path / "last-word").read_text())
    assert report is not None, log
    assert report.reason is Reason.MODEL_UNAVAILABLE
    assert code != 0
    assert "Its certificate is not trusted: " in report.message
    assert "the chart's value caBundle" in report.message


async def test_a_bundle_that_is_not_there_is_named(job: Job, tmp_path: Path) -> None:
    with pod(job, tmp_path, **{CA_BUNDLE: "/etc/runops/ca/ca.crt"}) as process:
        await asyncio.to_thread(ended, process)
    report = parse_report((tmp_path / "last-word").read_text())
    assert report is not None
    assert report.reason is Reason.MISCONFIGURED
    assert "RUNOPS_CA_BUNDLE names /etc/runops/ca/ca.crt, which cannot be read" in report.message
    assert "caBundle" in report.message


async def test_reports_to_the_api_server_trust_the_bundle_beside_the_clusters_own_authority(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    patches: list[str] = []

    async def patch(request: web.Request) -> web.Response:
        patches.append(request.path)
        return web.json_response({})

    app = web.Application()
    app.router.add_patch("/{any:.*}", patch)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    (tmp_path / "token").write_text("token")
    (tmp_path / "ca.crt").write_bytes(Authority("of the cluster").certificate)
    try:
        async with behind_private_authority(tmp_path, f"http://127.0.0.1:{runner.addresses[0][1]}") as (bundle, there):
            for file in (None, bundle):
                if file is not None:
                    monkeypatch.setenv(CA_BUNDLE, str(file))
                token, authority = tmp_path / "token", tmp_path / "ca.crt"
                async with VideoJobSink(
                    address=there[0], namespace="runops", name="vj-1", token_file=token, ca_file=authority
                ) as sink:
                    await sink.report(Stage.PREPARING_VIDEO, 10)
                assert len(patches) == (0 if file is None else 1)
    finally:
        await runner.cleanup()
