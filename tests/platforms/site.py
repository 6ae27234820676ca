"""A release, and what its users see of their videos."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from typer.testing import CliRunner

from devstack.operator_runs.installation import Installation
from devstack.sample import RECORDING
from devstack.stack import StackInfo
from runops_cli.main import app
from tests.cluster_objects import ClusterObjects
from tests.eventually import eventually

__all__ = ["Site"]

_LONGEST_SECONDS = 600.0


@dataclass(frozen=True)
class Site:
    """A release in a namespace.

    Attributes
    ----------
    release
        The release.
    inside
        Reads what is in its namespace.
    outside
        Its Supabase and Gemini.
    """

    release: Installation
    inside: ClusterObjects
    outside: StackInfo

    def submit(self, recording: Path = RECORDING) -> str:
        """Submit a recording; return the id of its job."""
        environment = {**self.outside.environment(), "KUBECONFIG": "/nowhere"}
        done = CliRunner().invoke(app, ["submit", str(recording)], env=environment)
        assert done.exit_code == 0, done.output
        return str(done.stdout.strip().splitlines()[-1])

    def row(self, job_id: str) -> tuple[str | None, str | None]:
        """Return status and error of a row."""
        with psycopg.connect(self.outside.database_url, autocommit=True) as tables:
            query = "select status, error from public.jobs where job_id = %s"
            status, error = tables.execute(query, (job_id,)).fetchone() or (None, None)
        return status, error

    def ended(self, job_id: str) -> tuple[str | None, str | None]:
        """Wait until a row has ended; return its status and error."""
        eventually(lambda: self.row(job_id)[0] in {"completed", "error"}, "the row ends", seconds=_LONGEST_SECONDS)
        return self.row(job_id)

    def status(self, job_id: str) -> dict[str, Any]:
        """Return the status of a row's VideoJob."""
        videojob = self.inside.named("videojobs", f"vj-{job_id}") or {}
        found: dict[str, Any] = videojob.get("status", {})
        return found

    def of(self, job_id: str, kind: str) -> list[dict[str, Any]]:
        """Return the Jobs or the pods of a row."""
        return self.inside(kind, labels=f"runops.dev/job-id={job_id}")

    def seconds_until_nothing_runs(self, job_id: str) -> float:
        """Wait until neither Job nor pod of a row is left, or has ended; return for how long."""

        def over() -> bool:
            jobs = [item for item in self.of(job_id, "jobs") if not item.get("status", {}).get("conditions")]
            pods = [item for item in self.of(job_id, "pods") if item["status"]["phase"] not in {"Succeeded", "Failed"}]
            return not jobs and not pods

        began = time.monotonic()
        eventually(over, "no Job and no pod runs")
        return time.monotonic() - began
