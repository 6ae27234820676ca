"""Which row of `sops` a write changes: the version that was read, and no other."""

from postgrest import AsyncPostgrestClient

from runops.supabase.results import SopInTable


def filters(there: SopInTable) -> list[tuple[str, str]]:
    query = there.unchanged(AsyncPostgrestClient("http://supabase.test").from_("sops").update({"data": {}}))
    return list(query.request.params.multi_items())


def test_a_sop_is_written_only_while_it_is_as_it_was_read() -> None:
    assert filters(SopInTable({}, 7, "4711", "xmin")) == [("id", "eq.7"), ("xmin", "eq.4711")]
    assert filters(SopInTable({}, 7, None, "updated_at")) == [("id", "eq.7"), ("updated_at", "is.null")]
