"""What a command says where its output goes to a disk that is full."""

import subprocess
import sys
from pathlib import Path

import psycopg
import pytest


@pytest.mark.parametrize("arguments", [["list"], ["list", "-o", "json"], ["stats"], ["version"]])
def test_output_into_a_full_disk_is_told_in_one_line_and_is_no_bug(
    environment: dict[str, str], database: psycopg.Connection, arguments: list[str]
) -> None:
    database.execute("insert into jobs (job_id, status) values (gen_random_uuid(), 'queued')")
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        ended = subprocess.run(
            [Path(sys.executable).parent / "runops", *arguments],
            env=environment, stdout=full, stderr=subprocess.PIPE, text=True, timeout=120, check=False,
        )  # fmt: skip
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    assert ended.stderr.splitlines()[-1] == (
        "Something could not be written: No space left on device. Free some space, and run the command again."
    )
