"""What of the SOP in the table stays when a new one is written, and what is noted for the next run."""

import copy
from typing import Any

import pytest

from runops_worker.sop.kept_edits import KeptEdits
from runops_worker.sop.stored_sop import SopObject
from tests.worker.fakes import TASK
from tests.worker.pure.sops import line, task


class Storage:
    """Holds the note about what the SOP in the table rests on."""

    def __init__(self, base: Any) -> None:
        self.base = base
        self.reads = 0
        self.written: list[Any] = []

    async def read_json(self, name: str) -> Any:
        assert name == TASK.merged_sop_object
        self.reads += 1
        return self.base

    async def put_json(self, name: str, value: Any) -> None:
        assert name == TASK.merged_sop_object
        self.written.append(value)


def sop(first: str = "Open it", second: str = "Send it") -> dict[str, Any]:
    return line(task("a", first), task("b", second)).dump()


def edits(base: Any, new: dict[str, Any]) -> tuple[KeptEdits, Storage]:
    storage: Any = Storage(base)
    return KeptEdits(task=TASK, storage=storage, sop=SopObject.of(new)), storage


async def test_the_first_sop_is_written_and_nothing_is_noted() -> None:
    kept, storage = edits(None, sop())
    assert await kept.keep(None) == sop()
    await kept.settle()
    assert (kept.conflicts, kept.keeps_edits, storage.written) == ((), False, [])


async def test_the_same_sop_that_is_there_already_is_no_conflict() -> None:
    kept, storage = edits(None, sop())
    assert await kept.keep(sop()) == sop()
    await kept.settle()
    assert (kept.conflicts, storage.written) == ((), [])


async def test_a_new_sop_replaces_one_that_nobody_touched_and_is_what_the_next_one_rests_on() -> None:
    kept, storage = edits(sop(), sop("Open them"))
    assert await kept.keep(sop()) == sop("Open them")
    await kept.settle()
    assert (kept.conflicts, kept.keeps_edits, storage.written) == ((), False, [sop("Open them")])
    assert storage.reads == 1


async def test_edits_are_in_the_new_sop() -> None:
    kept, storage = edits(sop(), sop("Open them"))
    assert await kept.keep(sop(second="Send it at once")) == sop("Open them", "Send it at once")
    await kept.settle()
    assert (kept.conflicts, kept.keeps_edits) == ((), True)
    # The next one rests on what was generated, not on what was edited.
    assert storage.written == [sop("Open them")]


async def test_where_both_changed_one_place_the_edited_sop_stays_and_rests_on_what_it_rested_on() -> None:
    kept, storage = edits(sop(), sop("Open them"))
    assert await kept.keep(sop("Open mine")) is None
    await kept.settle()
    assert [conflict.place for conflict in kept.conflicts] == ['label of the step "a"']
    assert (kept.keeps_edits, storage.written) == (False, [])


@pytest.mark.parametrize(
    ("base", "there", "noted"),
    [
        # Nothing is known of it, which is noted once.
        (None, sop("Open mine"), [{}]),
        ({}, sop("Open mine"), []),
        (["no object"], sop("Open mine"), []),
        (None, ["no object"], [{}]),
        (sop(), "no object", []),
    ],
)
async def test_a_sop_of_which_nothing_is_known_stays(base: Any, there: Any, noted: list[Any]) -> None:
    kept, storage = edits(base, sop("Open them"))
    given = copy.deepcopy(there)
    assert await kept.keep(there) is None
    await kept.settle()
    assert len(kept.conflicts) == 1
    assert (kept.keeps_edits, storage.written) == (False, noted)
    assert there == given


async def test_each_look_at_the_table_is_judged_anew() -> None:
    """A write that another one came before is decided once more, by what is there then."""
    kept, storage = edits(sop(), sop("Open them"))
    assert await kept.keep(sop("Open mine")) is None
    assert await kept.keep(sop(second="Send it at once")) == sop("Open them", "Send it at once")
    assert await kept.keep(None) == sop("Open them")
    assert (kept.conflicts, kept.keeps_edits) == ((), False)
    await kept.settle()
    assert (storage.reads, storage.written) == (1, [sop("Open them")])


async def test_what_is_written_may_be_settled_without_a_look_at_the_table() -> None:
    kept, storage = edits(sop(), sop("Open them"))
    await kept.settle()
    assert storage.written == [sop("Open them")]
