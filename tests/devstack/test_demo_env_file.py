"""After the demo, the printed commands reach its tables: nothing else needs to be set."""

import os
import shlex
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg

from devstack.demo.env_file import commands_to_try, write_env_file
from devstack.stack import StackInfo

SETTINGS = ("SUPABASE", "NEXT_PUBLIC_SUPABASE", "GOOGLE", "GEMINI", "RUNOPS", "KUBECONFIG")
PROGRAM = Path(sys.executable).parent / "runops"


def test_the_printed_commands_work_in_a_shell_that_has_no_settings(
    stack: StackInfo, database: psycopg.Connection[Any], tmp_path: Path
) -> None:
    job_id = str(uuid4())
    database.execute("insert into jobs (job_id, status) values (%s, 'error')", [job_id])
    directory = tmp_path / "of the demo"
    directory.mkdir()
    env_file = write_env_file(directory, stack.environment(), own_gemini_key=False)
    environment = {name: text for name, text in os.environ.items() if not name.startswith(SETTINGS)}
    environment["KUBECONFIG"] = str(tmp_path / "none")
    listing, getting, _, page = commands_to_try(PROGRAM, env_file, job_id, cwd=tmp_path)
    for command in (listing, getting):
        done = subprocess.run(
            shlex.split(command), cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        assert job_id in done.stdout
    assert stack.secret_key not in listing
    assert shlex.split(page)[-2:] == ["--html", "procedure.html"]


def test_only_the_owner_reads_the_file_and_the_users_own_key_is_not_in_it(tmp_path: Path) -> None:
    settings = {"SUPABASE_URL": "http://x", "SUPABASE_SERVICE_ROLE_KEY": "it's", "GOOGLE_GEMINI_API_KEY": "mine"}
    (tmp_path / "runops.env").write_text("old", "utf-8")
    (tmp_path / "runops.env").chmod(0o644)
    path = write_env_file(tmp_path, settings, own_gemini_key=True)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text("utf-8") == "SUPABASE_URL=http://x\nSUPABASE_SERVICE_ROLE_KEY='it'\"'\"'s'\n"
    assert "mine" in write_env_file(tmp_path, settings, own_gemini_key=False).read_text("utf-8")


def test_a_program_in_the_checkout_is_named_as_one_types_it(tmp_path: Path) -> None:
    (first, *_) = commands_to_try(tmp_path / ".venv/bin/runops", Path("/x/runops.env"), "69e6a424-a", cwd=tmp_path)
    assert first == ".venv/bin/runops list --env-file /x/runops.env"
