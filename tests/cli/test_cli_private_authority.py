"""`runops check` and `runops work` where Supabase and Gemini are behind certificates of a company's own authority."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from devstack.stack import StackInfo
from tests.network_path import behind_private_authority


def _run(environment: dict[str, str], folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    program = str(Path(sys.executable).parent / "runops")
    whole = {"PATH": os.environ["PATH"], "HOME": str(folder), "KUBECONFIG": "/nowhere", **environment}
    return subprocess.run(
        [program, *arguments], env=whole, cwd=folder, capture_output=True, text=True, timeout=240, check=False
    )


@pytest.mark.usefixtures("database")  # or a row of an earlier test is worked on
@pytest.mark.parametrize("name", ["RUNOPS_CA_BUNDLE", "SSL_CERT_FILE"])
async def test_the_bundle_is_trusted_by_every_command(stack: StackInfo, tmp_path: Path, name: str) -> None:
    async with behind_private_authority(tmp_path, stack.url, stack.gemini_url) as (bundle, (supabase, gemini)):
        environment = stack.environment() | {"SUPABASE_URL": supabase, "GOOGLE_GEMINI_BASE_URL": gemini}
        told = environment | {name: str(bundle)}
        checked = await asyncio.to_thread(_run, told, tmp_path, "check")
        assert checked.returncode == 0, checked.stdout + checked.stderr
        worked = await asyncio.to_thread(_run, told, tmp_path, "work", "--once")
        assert worked.returncode in {0, 5}, worked.stdout + worked.stderr
        assert "not trusted" not in worked.stdout + worked.stderr


async def test_without_it_the_check_says_what_to_set(stack: StackInfo, tmp_path: Path) -> None:
    async with behind_private_authority(tmp_path, stack.url, stack.gemini_url) as (bundle, (supabase, gemini)):
        environment = stack.environment() | {"SUPABASE_URL": supabase, "GOOGLE_GEMINI_BASE_URL": gemini}
        checked = await asyncio.to_thread(_run, environment, tmp_path, "check")
        bundle.write_text("no certificate")
        wrong = await asyncio.to_thread(_run, environment | {"RUNOPS_CA_BUNDLE": str(bundle)}, tmp_path, "check")
    assert checked.returncode == 1
    assert " ".join(checked.stdout.split()).count("Its certificate is not trusted") >= 2, "of Supabase and of Gemini"
    assert "RUNOPS_CA_BUNDLE" in checked.stdout
    assert wrong.returncode != 0
    assert "holds no certificate in PEM form" in " ".join((wrong.stdout + wrong.stderr).split())
