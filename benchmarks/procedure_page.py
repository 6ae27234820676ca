"""The procedures of `runops ui`: how soon the first picture is there, and how much memory the program takes.

The real program serves jobs of the sample, each with its recording in storage. One visitor opens one procedure after
the other with all its pictures. Memory counts the program alone: an ffmpeg that it starts has limits of its own.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import uuid4

import httpx
import psycopg

from benchmarks.benchmark import Outcome, Progress
from benchmarks.measurement import Measurement
from benchmarks.process_cost import peak_resident_mib, resident_mib
from benchmarks.queue_page import free_port
from devstack.stack import StackInfo, running_stack
from tests import ledgerline

__all__ = ["measure"]

_PROCEDURES = 150
"""Their pictures are more than `runops ui` keeps in memory, 48 MB."""
_SECONDS = 120.0
_PICTURE = re.compile(r'"(/jobs/[^"]+/procedure/pictures/[^"]+)"')


def measure(*, runs: int, progress: Progress) -> Outcome:
    """Return the times of first pictures, and the memory idle, after the first procedure and after many."""
    with tempfile.TemporaryDirectory(prefix="runops-procedure-page-") as folder, ExitStack() as open_:
        stack = open_.enter_context(running_stack(Path(folder) / "stack"))
        progress(f"storing {_PROCEDURES} procedures")
        jobs = _stored(stack, _PROCEDURES)
        address, pid = open_.enter_context(_running_page(stack, Path(folder)))
        with httpx.Client(base_url=address, timeout=_SECONDS, trust_env=False) as client:
            client.get("/").raise_for_status()
            idle = resident_mib(pid)
            progress(f"idle it has {idle:.0f} MiB")
            cold = [_first_picture(client, job) for job in jobs[:runs]]
            kept = [_first_picture(client, job) for job in jobs[:runs]]
            few, weight = resident_mib(pid), 0
            for number, job in enumerate(jobs, 1):
                weight += _all_pictures(client, job)
                if number % 25 == 0:
                    progress(
                        f"after {number} procedures, {weight / 1e6:.0f} MB of pictures: {resident_mib(pid):.0f} MiB"
                    )
            many, peak = resident_mib(pid), peak_resident_mib(pid)
    return Outcome(
        [
            Measurement.of_runs("procedure: first picture, nothing kept", "s", cold, limit=3.0),
            Measurement.of_runs("procedure: first picture, kept in memory", "s", kept, limit=0.5),
            Measurement(what="ui: memory, idle", unit="MiB", figure=idle, limit=150.0, against="limit"),
            Measurement(
                what=f"ui: most memory over {_PROCEDURES} procedures",
                unit="MiB",
                figure=peak,
                limit=300.0,
                against="limit",
            ),
        ],
        {"memory_after_first_pictures": few, "memory_after_all": many, "bytes_of_pictures": weight},
    )


def _stored(stack: StackInfo, count: int) -> list[str]:
    """Insert completed jobs of the sample, with transcript, SOP and recording, and return their ids."""
    jobs = [str(uuid4()) for _ in range(count)]
    with psycopg.connect(stack.database_url, autocommit=True) as database, database.cursor() as cursor:
        cursor.executemany(
            "insert into jobs (job_id, status, completed_at, metadata) values (%s, 'completed', now(), '{}')",
            [(job,) for job in jobs],
        )
        sop, transcript = json.dumps(ledgerline.sop()), json.dumps(ledgerline.transcript())
        cursor.executemany("insert into sops (job_id, data) values (%s, %s)", [(job, sop) for job in jobs])
        cursor.executemany(
            "insert into transcripts (job_id, transcript) values (%s, %s)", [(job, transcript) for job in jobs]
        )
    recording, evidence = ledgerline.RECORDING.read_bytes(), json.dumps(ledgerline.evidence()).encode()
    headers = {"apikey": stack.secret_key}
    with httpx.Client(base_url=stack.url, headers=headers, timeout=_SECONDS, trust_env=False) as client:

        def put(key: str, content: bytes, kind: str) -> None:
            to = f"/storage/v1/object/videos/{key}"
            client.post(to, content=content, headers={"Content-Type": kind}).raise_for_status()

        for job in jobs:
            put(f"raw/{job}.mp4", recording, "video/mp4")
            put(f"sops/{job}.evidence.json", evidence, "application/json")
    return jobs


@contextmanager
def _running_page(stack: StackInfo, folder: Path) -> Iterator[tuple[str, int]]:
    """Run `runops ui`; its address and its process."""
    command = [sys.executable, "-c", "from runops_cli.main import run; run()", "ui", "--port", str(free_port())]
    told = folder / "told"
    with (
        told.open("wb") as errors,
        subprocess.Popen(command, env=os.environ | stack.environment(), stderr=errors, cwd=folder) as process,
    ):
        try:
            yield _address(told, process), process.pid
        finally:
            process.terminate()


def _address(told: Path, process: subprocess.Popen[bytes]) -> str:
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if (found := re.search(r"http://\S+", told.read_text("utf-8"))) is not None:
            return found[0]
        time.sleep(0.05)
    raise RuntimeError(f"runops ui does not serve: {told.read_text('utf-8')}")


def _first_picture(client: httpx.Client, job: str) -> float:
    """Return how long a visitor waits for the page and the first picture on it."""
    began = time.perf_counter()
    _picture(client, _pictures(client, job)[0])
    return time.perf_counter() - began


def _all_pictures(client: httpx.Client, job: str) -> int:
    """Return how many bytes the pictures of a procedure have."""
    return sum(len(_picture(client, one)) for one in _pictures(client, job))


def _picture(client: httpx.Client, address: str) -> bytes:
    """Return a picture; while it is being taken it is asked for again, as a person loads the page again."""
    deadline = time.monotonic() + _SECONDS
    while (answer := client.get(address)).status_code == httpx.codes.SERVICE_UNAVAILABLE:
        if time.monotonic() > deadline:
            raise RuntimeError(f"{address} is still being taken after {_SECONDS:.0f} s")
    return answer.raise_for_status().content


def _pictures(client: httpx.Client, job: str) -> list[str]:
    found = list(dict.fromkeys(_PICTURE.findall(client.get(f"/jobs/{job}/procedure").raise_for_status().text)))
    if not found:
        raise RuntimeError(f"the procedure of {job} has no picture")
    return found
