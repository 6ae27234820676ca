"""Names of files at Gemini."""

import re
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from runops_worker.gemini.file_names import name_prefix, new_name

JOB = UUID("8a2b5d1e-54a5-4f6c-9d70-6f1c7d0a4b11")


def test_a_name_is_new_each_time_and_begins_with_the_prefix_of_its_job() -> None:
    names = {new_name(JOB) for _ in range(50)}
    assert len(names) == 50
    assert name_prefix(JOB) == "files/runops-e879378522a01f25-"
    assert all(name.startswith(name_prefix(JOB)) for name in names)


@given(st.uuids())
def test_gemini_takes_each_name_and_nobody_reads_the_job_from_it(job_id: UUID) -> None:
    name = new_name(job_id).removeprefix("files/")
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]{0,38}[a-z0-9]", name)
    assert job_id.hex[:8] not in name
    assert name_prefix(job_id) != name_prefix(JOB)
