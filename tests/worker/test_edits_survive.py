"""What people edited in a SOP when the job is run again: merged, or kept beside the new one."""

import copy
import itertools
import json
from typing import Any

import pytest

from runops.failures import Failed, Reason
from runops_worker.checkpoint.format import Checkpoint, TranscriptDone
from runops_worker.checkpoint.store import CheckpointStore
from runops_worker.model.protocol import Answer
from runops_worker.sop.stored_sop import SopObject
from runops_worker.stages.finalize import Finalized, finalize
from runops_worker.stages.parse_sop import parse_sop
from runops_worker.stages.reuse_transcript import reuse_transcript
from runops_worker.transcription.stored_transcript import Transcript
from tests.sop_graphs import edge, node, raw_sop
from tests.worker.fakes import SLIM, TASK, FakeSupabase, Killed, TextModel, a_checkpoint, a_context, a_progress

TRANSCRIPT = Transcript.of(
    [
        {
            "timestamp_start_audio": "00:00:10",
            "timestamp_end_audio": "00:00:12",
            "verbatim_transcript_segment": "Hello. The password is swordfish7.",
        }
    ]
)


def sop(**labels: str) -> dict[str, Any]:
    names = ["start", "open", "send", "end"]
    nodes = [node("start", "trigger"), node("open"), node("send"), node("end", "end")]
    for one in nodes:
        one["label"] = labels.get(one["id"], one["label"])
    made = raw_sop(nodes, [edge(one, after) for one, after in itertools.pairwise(names)])
    made["meta"]["id"] = "6f1d3a52-2f5c-4b0e-9a51-0a6b8f6f0c11"
    return made


async def finalized(fake: FakeSupabase, new: dict[str, Any]) -> Finalized:
    return await finalize(
        a_context(fake), a_progress(), slim=SLIM, transcript=TRANSCRIPT, sop=SopObject.of(copy.deepcopy(new))
    )


def a_table(base: dict[str, Any] | None, there: Any) -> FakeSupabase:
    return FakeSupabase({} if base is None else {TASK.merged_sop_object: base}, sop_in_table=there)


async def test_a_first_sop_is_written_and_nothing_is_kept_beside_it() -> None:
    fake = a_table(None, None)
    assert (await finalized(fake, sop())).edits is None
    assert fake.objects == {}


async def test_without_an_edit_the_new_one_replaces_the_old_one() -> None:
    fake = a_table(sop(), sop())
    assert (await finalized(fake, sop(open="New"))).edits is None
    assert fake.sop_in_table == fake.objects[TASK.merged_sop_object] == sop(open="New")


async def test_an_edit_is_in_the_new_one_too_also_after_the_next_run() -> None:
    fake = a_table(sop(), sop(open="Mine"))
    assert (await finalized(fake, sop(send="New"))).edits == "kept"
    assert fake.sop_in_table == sop(open="Mine", send="New")
    assert fake.objects[TASK.merged_sop_object] == sop(send="New"), "what was generated, without the edit"
    assert (await finalized(fake, sop(send="Newer"))).edits == "kept"
    assert fake.sop_in_table == sop(open="Mine", send="Newer")


async def test_a_conflict_keeps_the_edited_one_and_the_row_says_so() -> None:
    fake = a_table(sop(), sop(open="Mine"))
    assert (await finalized(fake, sop(open="New"))).edits == "conflict"
    assert fake.sop_in_table == sop(open="Mine")
    assert fake.objects[TASK.merged_sop_object] == sop(), "the next run, and a person, compare with the same base"
    (note,) = fake.said["notes"]
    assert note["kind"] == "sop_conflict"
    assert "1 place that cannot be merged" in note["sentence"]
    assert fake.written[-1] == "completed"


@pytest.mark.parametrize("there", ["a text", 7, []])
async def test_what_is_no_sop_in_the_table_stays(there: Any) -> None:
    fake = a_table(sop(), there)
    assert (await finalized(fake, sop())).edits == "conflict"
    assert fake.sop_in_table == there


async def test_a_sop_of_unknown_origin_is_not_replaced_unless_it_is_the_same() -> None:
    fake = a_table(None, sop(open="By somebody"))
    assert (await finalized(fake, sop())).edits == "conflict"
    assert fake.sop_in_table == sop(open="By somebody")
    assert fake.objects[TASK.merged_sop_object] == {}
    assert (await finalized(fake, sop(send="New"))).edits == "conflict", "the next run does not replace it either"
    assert fake.sop_in_table == sop(open="By somebody")
    same = a_table(None, sop())
    assert (await finalized(same, sop())).edits is None


async def test_a_worker_that_dies_behind_the_write_leaves_nothing_that_the_next_one_takes_for_an_edit() -> None:
    fake = a_table(sop(), sop(open="Mine"))
    fake.dies_after = 1
    new = sop(send="New")
    with pytest.raises(Killed):
        await finalized(fake, new)
    assert fake.sop_in_table == sop(open="Mine", send="New")
    fake.objects[TASK.merged_sop_object] = sop()
    fake.dies_after = None
    assert (await finalized(fake, new)).edits == "kept"
    assert fake.sop_in_table == sop(open="Mine", send="New")
    assert (await finalized(fake, sop())).edits == "kept"
    assert fake.sop_in_table == sop(open="Mine"), "what nobody edited follows the new one"


async def parsed(fake: FakeSupabase, checkpoint: CheckpointStore, *answers: dict[str, Any]) -> SopObject:
    model = TextModel([Answer(json.dumps(answer)) for answer in answers])
    context = a_context(fake, model=model)
    has_sop = fake.sop_in_table is not None
    return await parse_sop(context, checkpoint, a_progress(), slim=SLIM, transcript=TRANSCRIPT, has_sop=has_sop)


async def test_edits_to_the_sop_of_an_attempt_whose_checkpoint_is_still_there_are_edits_to_that_one() -> None:
    fake = a_table(None, None)
    checkpoint = a_checkpoint(fake)
    made = (await parsed(fake, checkpoint, sop())).value
    edited = copy.deepcopy(made)
    edited["public"]["nodes"][1]["label"] = "Mine"
    fake.sop_in_table = copy.deepcopy(edited)
    again = (await parsed(fake, checkpoint)).value
    assert (await finalized(fake, again)).edits == "kept"
    assert fake.sop_in_table == edited
    assert fake.objects[TASK.merged_sop_object] == made, "the next run knows what was edited"


async def test_a_sop_of_another_worker_is_no_edit_of_the_one_that_a_killed_attempt_made() -> None:
    fake = a_table(None, sop(open="By somebody"))
    checkpoint = a_checkpoint(fake)
    await parsed(fake, checkpoint, sop(open="New"))
    again = (await parsed(fake, checkpoint)).value
    assert (await finalized(fake, again)).edits == "conflict"
    assert fake.sop_in_table == sop(open="By somebody")


async def test_a_sop_that_was_deleted_in_the_app_is_written_anew_and_is_the_new_base() -> None:
    fake = a_table(sop(), None)
    assert (await finalized(fake, sop(open="New"))).edits is None
    assert fake.sop_in_table == fake.objects[TASK.merged_sop_object] == sop(open="New")


async def test_the_transcript_of_the_checkpoint_is_used_whatever_made_it() -> None:
    fake = FakeSupabase({TASK.transcript_object: TRANSCRIPT.items}, transcript_in_table=[{"other": 1}])
    checkpoint = a_checkpoint(fake)
    checkpoint.change(
        lambda _: Checkpoint(slim=SLIM, transcript=TranscriptDone(key="of another model", sha256=TRANSCRIPT.sha256))
    )
    slim, found = await reuse_transcript(a_context(fake), checkpoint)
    assert slim == SLIM
    assert found.items[0]["verbatim_transcript_segment"] == "Hello. The password is [password hidden]."


@pytest.mark.parametrize("stored", [None, [{"changed": 1}]])
async def test_without_a_checkpoint_the_transcript_of_the_table_is_used(stored: Any) -> None:
    fake = FakeSupabase({TASK.transcript_object: stored}, transcript_in_table=TRANSCRIPT.items)
    checkpoint = a_checkpoint(fake)
    if stored is not None:
        checkpoint.change(lambda _: Checkpoint(transcript=TranscriptDone(key="k", sha256=TRANSCRIPT.sha256)))
    slim, found = await reuse_transcript(a_context(fake), checkpoint)
    assert (slim.duration_seconds, slim.has_audio) == (12.0, True)
    assert "swordfish7" not in str(found.items)


async def test_a_transcript_of_another_form_is_used_without_its_secrets() -> None:
    fake = FakeSupabase(transcript_in_table=[{"text": "The password is swordfish7.", "at": 3}])
    slim, found = await reuse_transcript(a_context(fake), a_checkpoint(fake))
    assert slim.duration_seconds == 0
    assert found.items == [{"text": "The password is [password hidden].", "at": 3}]


@pytest.mark.parametrize("there", [None, [], ["a text"]])
async def test_without_a_transcript_nothing_is_transcribed(there: Any) -> None:
    fake = FakeSupabase(transcript_in_table=there)
    with pytest.raises(Failed, match="runops retry") as failed:
        await reuse_transcript(a_context(fake), a_checkpoint(fake))
    assert failed.value.reason is Reason.TRANSCRIPT_MISSING
