"""Which of a job's rows a retry replaces, and which one a reader sees."""

from hypothesis import given
from hypothesis import strategies as st

from runops.supabase.result_rows import PROMPT_TYPE, ResultRow, our_rows, row_to_show

rows = st.lists(st.sampled_from([PROMPT_TYPE, "stagehand", "other", None]), max_size=6).map(
    lambda types: [ResultRow(id=number, prompt_type=kind) for number, kind in enumerate(types)]
)


@given(rows)
def test_only_our_own_rows_are_replaced(there: list[ResultRow]) -> None:
    ours = our_rows(there)
    assert {row.prompt_type for row in ours} in (set(), {PROMPT_TYPE}, {None})
    assert all(row in there for row in ours)
    typed = sum(row.prompt_type == PROMPT_TYPE for row in there)
    assert len(ours) == (typed or sum(row.prompt_type is None for row in there))


@given(rows)
def test_the_newest_of_ours_is_shown_otherwise_the_newest(there: list[ResultRow]) -> None:
    shown = row_to_show(there)
    assert (shown is None) == (there == [])
    candidates = our_rows(there) or there
    assert shown is None or shown.id == max(row.id for row in candidates)
