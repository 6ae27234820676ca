"""Answers to a SOP's questions and the choice between its versions, against real PostgREST and storage."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest

from devstack.faults import Fault, FaultControl
from runops.object_names import answers_folder, answers_object, merged_sop_object, sop_object
from runops.sop_answers import LONGEST_ANSWER, MOST_ANSWERS, Answer, Answers
from runops.supabase.connection import Supabase
from runops.supabase.sop_questions import AnswerRefused, OtherAnswer, read_questions, save_answers
from runops.supabase.sop_versions import Taken, read_versions, take
from runops.supabase.stored_answers import MOST_OBJECTS, read_stored_answers, remove_made_objects, store_answers
from tests.sop_graphs import edge, node, raw_sop

Claimed = Callable[..., Awaitable[tuple[UUID, str]]]
Connection = psycopg.Connection[Any]
ASKED = [
    {"id": "q1", "question": "When is it done?", "importance": "low"},
    {"id": "q2", "question": "Who approves it?", "importance": "high"},
]


def sop(label: str = "Open the list", **public: Any) -> dict[str, Any]:
    nodes = [node("start", "trigger"), node("open", label=label), node("end", "end")]
    made = raw_sop(nodes, [edge("start", "open"), edge("open", "end")], **public)
    made["meta"]["id"] = "6f1d3a52-2f5c-4b0e-9a51-0a6b8f6f0c11"
    return made


async def a_completed_job(supabase: Supabase, claimed: Claimed, data: dict[str, Any]) -> UUID:
    job_id, token = await claimed({"user": "kept"})
    await supabase.results.write_sop(job_id, token, data, user_id=None)
    notes = [{"kind": "gaps"}, {"kind": "sop_conflict"}]
    assert await supabase.jobs.complete(job_id, token, said={"notes": notes})
    return job_id


async def kept(supabase: Supabase, job_id: UUID) -> dict[str, str]:
    stored = await read_stored_answers(supabase.storage, "videos", job_id)
    return {one.question: one.answer for one in stored.answers.answers}


async def test_questions_come_by_importance_and_what_is_answered_is_left_no_more(
    supabase: Supabase, claimed: Claimed
) -> None:
    job_id = await a_completed_job(supabase, claimed, sop(clarification_requests=ASKED))
    questions = await read_questions(supabase, job_id)
    assert questions is not None
    assert [one.id for one in questions.left] == ["q2", "q1"]
    saved = await save_answers(supabase, job_id, {"q2": "  The team lead. "})
    assert saved is not None
    assert (saved.ids, saved.hidden) == (("q2",), ())
    assert [one.id for one in saved.questions.left] == ["q1"]
    assert [one.answer for one in saved.questions.listed] == ["The team lead.", None]
    await save_answers(supabase, job_id, {"q1": "Monthly.", "q2": "Nobody."})
    assert await kept(supabase, job_id) == {"Who approves it?": "Nobody.", "When is it done?": "Monthly."}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"q9": "x"}, "The SOP has no question 'q9'. Open: q2, q1."),
        ({"q1": "  "}, "is empty"),
        ({"q1": "x" * (LONGEST_ANSWER + 1)}, "the most is 2000"),
    ],
)
async def test_one_bad_answer_keeps_none(
    given: dict[str, str], words: str, supabase: Supabase, claimed: Claimed
) -> None:
    job_id = await a_completed_job(supabase, claimed, sop(clarification_requests=ASKED))
    with pytest.raises(AnswerRefused) as refused:
        await save_answers(supabase, job_id, {"q2": "The team lead.", **given})
    assert words in str(refused.value)
    assert await kept(supabase, job_id) == {}


async def test_an_answer_to_an_unknown_question_names_those_that_are_open_and_answered(
    supabase: Supabase, claimed: Claimed
) -> None:
    job_id = await a_completed_job(supabase, claimed, sop(clarification_requests=ASKED))
    await save_answers(supabase, job_id, {"q2": "The team lead."})
    with pytest.raises(AnswerRefused, match=r"^The SOP has no question 'x'\. Open: q1\. Answered: q2\.$"):
        await save_answers(supabase, job_id, {"x": "1"})
    other = await a_completed_job(supabase, claimed, sop())
    with pytest.raises(AnswerRefused, match=r"^The SOP has no question 'x'\. It asks none\.$"):
        await save_answers(supabase, other, {"x": "1"})


async def test_a_job_without_a_sop_has_no_questions(supabase: Supabase) -> None:
    assert await read_questions(supabase, uuid4()) is None
    assert await save_answers(supabase, uuid4(), {"q1": "x"}) is None


async def test_a_secret_is_hidden_before_it_is_kept(supabase: Supabase, claimed: Claimed, faults: FaultControl) -> None:
    asked = [{"id": "q1", "question": "What is the admin password?", "importance": "high"}]
    job_id = await a_completed_job(supabase, claimed, sop(clarification_requests=asked))
    saved = await save_answers(supabase, job_id, {"q1": "hunter2x"})
    assert saved is not None
    assert saved.hidden == ("q1",)
    assert await kept(supabase, job_id) == {"What is the admin password?": "[password hidden]"}
    assert all("hunter2x" not in request.path for request in faults.requests())


async def test_who_saves_while_another_one_saves_loses_nothing_and_is_told_what_the_other_said(
    connect: Callable[..., Supabase], claimed: Claimed, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = connect(), connect()
    job_id = await a_completed_job(first, claimed, sop(clarification_requests=ASKED))
    upload, told = second.storage.upload_json, []

    async def after_the_other(*arguments: Any) -> None:
        # The second has read what is there, and has not written yet.
        told.append(await save_answers(first, job_id, {"q1": "Monthly.", "q2": "The team lead."}))
        await upload(*arguments)

    monkeypatch.setattr(second.storage, "upload_json", after_the_other)
    saved = await save_answers(second, job_id, {"q2": "Nobody."})
    assert await kept(second, job_id) == {"When is it done?": "Monthly.", "Who approves it?": "Nobody."}
    stored = await read_stored_answers(first.storage, "videos", job_id)
    assert [one.answer for one in stored.given] == ["Monthly.", "The team lead.", "Nobody."]
    assert saved is not None
    assert saved.others == (OtherAnswer("q2", "The team lead.", counts=False),)
    assert [one.others for one in told if one is not None] == [()]


async def test_who_is_overtaken_is_told_that_the_other_answer_counts(
    connect: Callable[..., Supabase], claimed: Claimed, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = connect(), connect()
    job_id = await a_completed_job(first, claimed, sop(clarification_requests=ASKED))
    upload = first.storage.upload_json

    async def before_the_other(*arguments: Any) -> None:
        await upload(*arguments)
        await save_answers(second, job_id, {"q2": "Nobody."})

    monkeypatch.setattr(first.storage, "upload_json", before_the_other)
    saved = await save_answers(first, job_id, {"q2": "The team lead."})
    assert saved is not None
    (other,) = saved.others
    assert other == OtherAnswer("q2", "Nobody.", counts=True)
    assert str(other).endswith('came later and counts; answer again to replace it: "Nobody."')


async def test_many_people_at_once_lose_nothing(connect: Callable[..., Supabase], claimed: Claimed) -> None:
    people = [connect() for _ in range(4)]
    asked = [{"id": f"q{n}", "question": f"What is number {n}?", "importance": "low"} for n in range(8)]
    job_id = await a_completed_job(people[0], claimed, sop(clarification_requests=asked))
    results = await asyncio.gather(
        *(
            save_answers(person, job_id, {f"q{number}": f"It is {number}.", "q7": f"Says {number}."})
            for number, person in enumerate(people)
        )
    )
    answers = await kept(people[0], job_id)
    assert {text for name, text in answers.items() if not name.endswith("7?")} == {f"It is {n}." for n in range(4)}
    # Only who ended before everybody else cannot know.
    assert sum(bool(saved and saved.others) for saved in results) >= len(people) - 1


async def test_answers_of_an_earlier_version_are_read_replaced_and_removed_with_the_job(
    supabase: Supabase, claimed: Claimed
) -> None:
    job_id = await a_completed_job(supabase, claimed, sop(clarification_requests=ASKED))
    earlier = Answers(answers=tuple(Answer(question=str(one["question"]), answer="Earlier.") for one in ASKED))
    await supabase.storage.upload_json("videos", answers_object(job_id), earlier.model_dump(mode="json"))
    assert (await read_stored_answers(supabase.storage, "videos", job_id)).answers.sha256 == earlier.sha256
    saved = await save_answers(supabase, job_id, {"q1": "Monthly."})
    assert saved is not None
    assert saved.others == (OtherAnswer("q1", "Earlier.", counts=False),)
    assert await kept(supabase, job_id) == {"When is it done?": "Monthly.", "Who approves it?": "Earlier."}
    await remove_made_objects(supabase.storage, "videos", job_id)
    assert await kept(supabase, job_id) == {}
    assert await supabase.storage.list_prefix("videos", answers_folder(job_id)) == []
    assert await supabase.storage.stat("videos", answers_object(job_id)) is None


async def test_what_counts_already_is_not_stored_again(supabase: Supabase, claimed: Claimed) -> None:
    job_id = await a_completed_job(supabase, claimed, sop(clarification_requests=ASKED))
    for given in ({"q1": "Monthly."}, {"q1": "Monthly."}, {"q1": "Monthly.", "q2": "Nobody."}):
        await save_answers(supabase, job_id, given)
    stored = await read_stored_answers(supabase.storage, "videos", job_id)
    assert ([one.answer for one in stored.given], stored.objects) == (["Monthly.", "Nobody."], 2)


async def test_an_upload_whose_answer_was_lost_is_one_object(
    supabase: Supabase, claimed: Claimed, faults: FaultControl
) -> None:
    job_id = await a_completed_job(supabase, claimed, sop(clarification_requests=ASKED))
    faults.set(Fault(method="POST", path=answers_folder(job_id), kind="drop_after"))
    saved = await save_answers(supabase, job_id, {"q1": "Monthly."})
    assert saved is not None
    assert saved.others == ()
    assert len(await supabase.storage.list_prefix("videos", answers_folder(job_id))) == 1


async def test_an_object_that_holds_no_answers_stops_nobody(
    supabase: Supabase, claimed: Claimed, outside: httpx.Client
) -> None:
    job_id = await a_completed_job(supabase, claimed, sop(clarification_requests=ASKED))
    path, headers = f"/object/videos/{answers_object(job_id)}", {"Content-Type": "application/json"}
    outside.post(path, content=b"<html>", headers=headers).raise_for_status()  # noqa: ASYNC212 - another process
    questions = await read_questions(supabase, job_id)
    assert questions is not None
    assert len(questions.left) == 2
    await save_answers(supabase, job_id, {"q1": "Monthly."})
    assert await kept(supabase, job_id) == {"When is it done?": "Monthly."}


async def test_a_job_is_answered_so_many_times_at_most_and_the_last_ones_are_read(
    supabase: Supabase, claimed: Claimed, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MOST_OBJECTS == 200
    for module in ("sop_questions", "stored_answers"):
        monkeypatch.setattr(f"runops.supabase.{module}.MOST_OBJECTS", 3)
    job_id = await a_completed_job(supabase, claimed, sop(clarification_requests=ASKED))
    for number in range(3):
        await save_answers(supabase, job_id, {"q1": f"Answer {number}."})
    with pytest.raises(AnswerRefused, match=r"3 times already.*Delete objects"):
        await save_answers(supabase, job_id, {"q1": "One more."})
    # Two people may pass that look at once.
    await store_answers(supabase.storage, "videos", job_id, [Answer(question="When is it done?", answer="Yearly.")])
    stored = await read_stored_answers(supabase.storage, "videos", job_id)
    assert [one.answer for one in stored.given] == ["Answer 1.", "Answer 2.", "Yearly."]
    assert stored.unread == 1


async def test_a_job_has_a_hundred_answers_at_most(supabase: Supabase, claimed: Claimed) -> None:
    job_id = await a_completed_job(supabase, claimed, sop(clarification_requests=ASKED))
    many = Answers(answers=tuple(Answer(question=f"What is {n}?", answer="x") for n in range(MOST_ANSWERS)))
    await supabase.storage.upload_json("videos", answers_object(job_id), many.model_dump(mode="json"))
    with pytest.raises(AnswerRefused, match="100 answers"):
        await save_answers(supabase, job_id, {"q1": "x"})


BASE, MINE, NEW = sop("Before"), sop("Mine"), sop("New")


async def in_conflict(supabase: Supabase, claimed: Claimed) -> UUID:
    job_id = await a_completed_job(supabase, claimed, MINE)
    await supabase.storage.upload_json("videos", merged_sop_object(job_id), BASE)
    await supabase.storage.upload_json("videos", sop_object(job_id), NEW)
    return job_id


async def in_table(supabase: Supabase, job_id: UUID) -> Any:
    found = await supabase.results.sop_in_table(job_id)
    assert found is not None
    return found.data


@pytest.mark.parametrize("choice", ["edited", "generated"])
async def test_a_person_settles_a_conflict_and_the_row_says_so_no_more(
    *, choice: Any, supabase: Supabase, claimed: Claimed
) -> None:
    job_id = await in_conflict(supabase, claimed)
    (conflict,) = (await read_versions(supabase, job_id)).conflicts
    assert str(conflict).startswith('label of the step "open"')
    assert await take(supabase, job_id, choice) is Taken.DONE
    assert await in_table(supabase, job_id) == (MINE if choice == "edited" else NEW)
    versions = await read_versions(supabase, job_id)
    assert versions.conflicts == ()
    assert versions.base == NEW, "the next run compares with what was generated last"
    row = await supabase.jobs.get(job_id)
    assert row is not None
    assert row.metadata["runops"]["notes"] == [{"kind": "gaps"}]
    assert row.metadata["user"] == "kept"
    assert await take(supabase, job_id, choice) is Taken.NOTHING


async def test_edits_are_given_up_for_what_was_generated(supabase: Supabase, claimed: Claimed) -> None:
    job_id = await a_completed_job(supabase, claimed, MINE)
    await supabase.storage.upload_json("videos", sop_object(job_id), BASE)
    assert (await read_versions(supabase, job_id)).conflicts == ()
    assert await take(supabase, job_id, "edited") is Taken.NOTHING
    assert await take(supabase, job_id, "generated") is Taken.DONE
    assert await in_table(supabase, job_id) == BASE


@pytest.mark.parametrize("status", ["queued", "processing"])
async def test_a_job_that_has_not_ended_is_left_to_its_run(
    status: str, supabase: Supabase, claimed: Claimed, database: Connection
) -> None:
    job_id = await in_conflict(supabase, claimed)
    database.execute("update public.jobs set status = %s", [status])
    assert await take(supabase, job_id, "generated") is Taken.NOT_ENDED
    assert await in_table(supabase, job_id) == MINE
    assert await take(supabase, uuid4(), "generated") is Taken.MISSING


@pytest.mark.parametrize("times", [1, 100])
async def test_an_edit_while_a_person_chooses_is_not_written_over_unseen(
    *, times: int, supabase: Supabase, claimed: Claimed, database: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = await in_conflict(supabase, claimed)
    replace, edits = supabase.results.replace_sop, 0

    async def edited_before(*arguments: Any) -> bool:
        nonlocal edits
        if edits < times:
            edits += 1
            label = json.dumps(f"Mine {edits}")
            database.execute("update sops set data = jsonb_set(data, '{public,nodes,1,label}', %s)", [label])
        return await replace(*arguments)

    monkeypatch.setattr(supabase.results, "replace_sop", edited_before)
    taken = await take(supabase, job_id, "generated")
    if times == 1:
        assert taken is Taken.DONE
        assert await in_table(supabase, job_id) == NEW
    else:
        assert taken is Taken.CHANGED
        assert await in_table(supabase, job_id) == sop(f"Mine {edits}")


async def test_a_choice_whose_answer_was_lost_is_made_once(
    supabase: Supabase, claimed: Claimed, faults: FaultControl
) -> None:
    job_id = await in_conflict(supabase, claimed)
    faults.set(Fault(method="PATCH", path="/sops", kind="drop_after"))
    assert await take(supabase, job_id, "generated") is Taken.DONE
    assert (await read_versions(supabase, job_id)).conflicts == ()
