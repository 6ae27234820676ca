"""How the JSON of an answer is read."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from runops_worker.model.answer_json import cleaned
from runops_worker.sop.read_sop import read_sop
from runops_worker.transcription.answer.read_answer import read_answer

JOB = UUID("8a2b5d1e-54a5-4f6c-9d70-6f1c7d0a4b11")


NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=30), inner, max_size=4),
        max_leaves=20,
    )
)
def test_no_answer_raises_an_error_in_a_reader(value: Any) -> None:
    text = json.dumps(value)
    read_answer(text, length=60)
    reading = read_sop(text, job_id=JOB, now=NOW)
    assert reading.faults


@given(st.text(alphabet=st.characters(categories=["Cs", "Lu", "Cc"])))
def test_what_jsonb_refuses_is_removed(text: str) -> None:
    plain = cleaned({text: [text]})
    json.dumps(plain, ensure_ascii=False).encode("utf-8")
    assert "\\u0000" not in json.dumps(plain)
