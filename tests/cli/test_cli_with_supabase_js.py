"""An app with the newest supabase-js uploads, queues, follows and reads; `runops work` does the job meanwhile."""

import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from subprocess import Popen
from typing import Any

import psycopg
import pytest

from devstack.stack import StackInfo
from tests.supabase_js.program import node_of_tests, start

_SECONDS = 800
_OWN_JOBS = """
create policy own_jobs on jobs for select to authenticated using (auth.uid()::text = metadata ->> 'user_id')
"""


@pytest.fixture
def jobs_of_owners(told: psycopg.Connection) -> Iterator[None]:
    """Users see their own jobs, and Realtime tells of jobs."""
    told.execute(_OWN_JOBS)
    yield
    told.execute("drop policy own_jobs on jobs")


@pytest.mark.usefixtures("jobs_of_owners")
def test_an_app_uploads_queues_follows_and_reads(
    stack: StackInfo,
    started: Callable[..., AbstractContextManager[Popen[str]]],
    recording: Path,
) -> None:
    node, packages = node_of_tests()
    environment = {
        "PATH": os.environ["PATH"],
        "SUPABASE_URL": stack.url,
        "SUPABASE_SECRET_KEY": stack.secret_key,
        "SUPABASE_PUBLISHABLE_KEY": stack.publishable_key,
        "RECORDING": str(recording),
    }
    with start(node, packages, environment) as app:
        watchdog = threading.Timer(_SECONDS, app.kill)
        watchdog.start()
        try:
            told = _until(app, "queued")
            with started("work") as work:
                assert work.poll() is None
                told |= _until(app, "done")
            assert app.wait(60) == 0
        finally:
            watchdog.cancel()
            app.kill()

    assert told["uploaded"] == {
        "direct": "403",
        "again": "409",
        "fullPath": f"videos/raw/{told['queued']['jobId']}.mp4",
        "size": True,
        "contentType": "video/mp4",
    }
    assert told["talked"] == {"sent": ["ok", "ok"], "heard": [{"said": "grüezi"}, [0, 255, 7]]}
    assert told["queued"]["status"] == "queued"
    ended = told["ended"]
    assert (ended["status"], ended["progress_stage"], ended["progress_percent"]) == ("completed", "completed", 100)
    assert "completed" in ended["polled"]
    for one in ("server", "owner"):
        heard = ended["heard"][one]
        assert (heard[0], heard[-1]) == ("INSERT queued", "UPDATE completed")
        assert "UPDATE processing" in heard
    assert ended["heard"]["stranger"] == []
    sop = told["sop"]
    assert sop.pop("owner")
    assert sop == {
        "userId": told["queued"]["ownerId"],
        "stranger": None,
        "anonymous": None,
        "renamed": 1,
        "foreign": 0,
    }
    slim = told["slim"]
    assert slim.pop("bytes") > 1000
    assert slim == {
        "status": 200,
        "type": "video/mp4",
        "disposition": "attachment; filename=Invoice%207.mp4; filename*=UTF-8''Invoice%207.mp4;",
        "part": [206, "ftyp"],
        "missing": "Either the object does not exist or you do not have access to it",
        "stranger": "404",
    }


def _until(app: Popen[str], last: str) -> dict[str, Any]:
    """Return what the app says, up to this."""
    assert app.stdout is not None
    told: dict[str, Any] = {}
    for line in app.stdout:
        said = json.loads(line)
        told[said.pop("what")] = said
        if last in told:
            return told
    assert app.stderr is not None
    pytest.fail(f"The app ended before it said {last}:\n{app.stderr.read()[-4000:]}")
