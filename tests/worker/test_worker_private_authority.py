"""A worker whose Supabase and Gemini are behind certificates of a company's own authority."""

import asyncio
from pathlib import Path

from runops.authorities import CA_BUNDLE
from runops.failures import Reason
from runops.report import parse_report
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
