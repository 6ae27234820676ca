"""Each stage by itself: what it makes of its inputs, and which of an earlier attempt's results it uses again."""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from runops.failures import Failed, Reason
from runops.job_row import JobRow
from runops.progress import Stage
from runops.quality import Gap, Quality, SopQuality, TranscriptQuality
from runops.sop import Sop
from runops.supabase.errors import ErrorKind, SupabaseError
from runops.supabase.objects import ObjectInfo
from runops.transcript import dump_transcript
from runops.transcript_gaps import gap_item
from runops_worker.checkpoint.format import Checkpoint, SlimDone, SopDone
from runops_worker.checkpoint.keys import content_sha256, sop_key
from runops_worker.media.transcode.chunks import Chunk
from runops_worker.model.protocol import Answer, AnswerEnd
from runops_worker.prompts import load_prompt
from runops_worker.reporting.stage_progress import StageProgress
from runops_worker.sop.read_sop import sop_id
from runops_worker.sop.schema import sop_schema
from runops_worker.sop.stored_sop import SopObject
from runops_worker.stages.finalize import finalize
from runops_worker.stages.parse_sop import parse_sop
from runops_worker.stages.prepare import Prepared, prepare, store_slim
from runops_worker.stages.transcribe import transcribe
from runops_worker.transcription.stored_transcript import StoredTranscript, Transcript
from tests.worker.fakes import (
    ANSWER,
    NOW,
    PROMPT,
    TASK,
    FakeSupabase,
    RecordingSink,
    TextModel,
    a_checkpoint,
    a_context,
    a_progress,
    expect_nothing,
)
from tests.worker.overlap import KEY, SLIM, World

TRANSCRIPT = Transcript.of(json.loads(ANSWER))
SLIM_DONE = SlimDone(
    key=KEY or "",
    sha256=hashlib.sha256(b"slimmed").hexdigest(),
    size_bytes=7,
    duration_seconds=9,
    frames=9,
    has_audio=True,
)


def sop_answer() -> dict[str, Any]:
    nodes = (("a", "trigger", "Begin"), ("b", "task", "Say hello"), ("c", "end", "Done"))
    return {
        "meta": {"title": "T", "version": "1.0.0", "goal": "g", "purpose": "p", "owner": []},
        "public": {
            "triggers": [{"type": "manual", "description": "d"}],
            "nodes": [{"id": name, "type": kind, "label": label} for name, kind, label in nodes],
            "edges": [
                {"source": "a", "target": "b", "condition": "next"},
                {"source": "b", "target": "c", "condition": "next"},
            ],
        },
    }


def files_in(folder: Path) -> list[Path]:
    return list(folder.iterdir())


class NoEarlyChunks:
    """Receives chunks, and fails a test that has none to give."""

    async def drop(self) -> None:
        raise AssertionError

    def follow(self, *_: Any, **__: Any) -> None:
        raise AssertionError

    def start(self, chunks: Sequence[Chunk], *, video_seconds: float, has_end: bool) -> None:
        raise AssertionError((chunks, video_seconds, has_end))


async def prepared(world: World, workdir: Path, *, transcript: Transcript | None = None) -> Prepared:
    checkpoint = a_checkpoint(world)
    checkpoint.change(lambda state: state.with_slim(SLIM_DONE))

    async def find_transcript(origin: str) -> Transcript | None:
        assert origin == SLIM_DONE.origin
        return transcript

    return await prepare(
        a_context(world, workdir=workdir),
        checkpoint,
        a_progress(),
        early_chunks=NoEarlyChunks(),
        find_transcript=find_transcript,
        expect_cost=expect_nothing,
    )


async def test_prepare_needs_no_file_where_the_slim_video_and_its_transcript_are_stored(tmp_path: Path) -> None:
    result = await prepared(World({SLIM: b"slimmed"}), tmp_path, transcript=TRANSCRIPT)
    assert result == Prepared(slim=SLIM_DONE, file=None, in_storage=True, transcript=TRANSCRIPT)
    assert not files_in(tmp_path)


async def test_prepare_downloads_a_stored_slim_video_that_is_still_to_be_transcribed(tmp_path: Path) -> None:
    result = await prepared(World({SLIM: b"slimmed"}), tmp_path)
    assert (result.in_storage, result.transcript) == (True, None)
    assert result.file is not None
    assert result.file.read_bytes() == b"slimmed"


@pytest.mark.parametrize(
    "objects", [{}, {SLIM: b"replaced"}], ids=["deleted from storage", "another one of the same size"]
)
async def test_prepare_makes_a_slim_video_again_that_is_not_the_stored_one(
    objects: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def examine(*_: Any, **__: Any) -> Any:
        raise Failed(Reason.NOT_A_VIDEO)

    monkeypatch.setattr("runops_worker.stages.prepare.examine", examine)
    with pytest.raises(Failed) as failed:
        await prepared(World(objects), tmp_path)
    assert failed.value.reason is Reason.NOT_A_VIDEO
    assert not files_in(tmp_path)


def hours_ago(hours: int) -> str:
    return (NOW - timedelta(hours=hours)).isoformat()


class WithoutRecording(World):
    """A Supabase whose recording was deleted."""

    async def stat(self, _bucket: str, key: str) -> ObjectInfo | None:
        return None if key == TASK.source_object else await super().stat(_bucket, key)


@pytest.mark.parametrize("objects", [{}, {SLIM: b"replaced"}], ids=["gone as well", "another one"])
async def test_a_recording_that_is_missing_is_named(objects: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(Failed, match=r"no recording at videos/raw/x\.mp4\. Upload it") as failed:
        await prepared(WithoutRecording(objects), tmp_path)
    assert failed.value.reason is Reason.SOURCE_MISSING
    assert not files_in(tmp_path)


async def test_a_recording_that_is_missing_after_a_day_is_told_as_one_that_was_cleaned_up(tmp_path: Path) -> None:
    world = WithoutRecording(row=JobRow(job_id=TASK.job_id, created_at=(NOW - timedelta(hours=80)).isoformat()))
    with pytest.raises(
        Failed, match=r"first queued 3 days ago, and apps often delete recordings after a day"
    ) as failed:
        await prepared(world, tmp_path)
    assert failed.value.reason is Reason.SOURCE_MISSING


@pytest.mark.parametrize(
    ("hours", "oldest", "says"),
    [
        (23, None, "x.mp4. Upload it and"),
        (80, hours_ago(79), "first queued 3 days ago"),
        (80, hours_ago(81), "x.mp4. Upload it and"),
        (80, SupabaseError(ErrorKind.UNAVAILABLE, "away"), "first queued 3 days ago"),
    ],
    ids=["young", "older ones were cleaned up", "older ones are kept", "not known"],
)
async def test_a_clean_up_is_told_where_it_can_be_one(
    hours: int, oldest: str | Exception | None, says: str, tmp_path: Path
) -> None:
    row = JobRow(job_id=TASK.job_id, created_at=hours_ago(hours))
    with pytest.raises(Failed, match=re.escape(says)):
        await prepared(WithoutRecording(row=row, oldest_recording=oldest), tmp_path)


async def test_the_slim_video_of_a_deleted_recording_is_used(tmp_path: Path) -> None:
    result = await prepared(WithoutRecording({SLIM: b"slimmed"}), tmp_path)
    assert (result.in_storage, result.transcript) == (True, None)
    assert result.file is not None
    assert result.file.read_bytes() == b"slimmed"


@pytest.mark.parametrize("objects", [{SLIM: b"slimmed"}, {}], ids=["with its slim video", "without"])
async def test_the_transcript_of_a_deleted_recording_is_used(objects: dict[str, Any], tmp_path: Path) -> None:
    result = await prepared(WithoutRecording(objects), tmp_path, transcript=TRANSCRIPT)
    assert result == Prepared(slim=SLIM_DONE, file=None, in_storage=True, transcript=TRANSCRIPT)
    assert not files_in(tmp_path)


@pytest.mark.parametrize(
    "world", [World({SLIM: b"slimmed"}, etag="another"), World()], ids=["another recording", "no slim video"]
)
async def test_while_the_recording_is_there_its_slim_video_is_made_again(world: World, tmp_path: Path) -> None:
    class Examined(Exception):  # noqa: N818 - where this test ends
        pass

    async def examine(*_: Any, **__: Any) -> Any:
        raise Examined

    with patch("runops_worker.stages.prepare.examine", examine), pytest.raises(Examined):
        await prepared(world, tmp_path, transcript=TRANSCRIPT)


async def test_a_stored_slim_video_is_in_the_checkpoint_and_its_upload_is_not(tmp_path: Path) -> None:
    world, file = World(), tmp_path / "slim.mp4"
    world.slim_may_come.set()
    file.write_bytes(b"slimmed")
    checkpoint = a_checkpoint(world)
    await store_slim(a_context(world), checkpoint, Prepared(slim=SLIM_DONE, file=file, in_storage=False))
    assert world.came == [TASK.checkpoint_object, SLIM, TASK.checkpoint_object]
    assert (world.checkpoint.slim, world.checkpoint.uploads) == (SLIM_DONE, ())


async def test_transcribe_takes_the_transcript_of_an_earlier_attempt_once_the_slim_video_is_stored() -> None:
    fake, waited = FakeSupabase(), []
    context = a_context(fake)

    async def slim_stored() -> None:
        waited.append(True)

    unused: Any = None
    result = await transcribe(
        context,
        a_progress(),
        slim=SLIM_DONE,
        file=None,
        earlier=TRANSCRIPT,
        chunks=unused,
        stored=StoredTranscript(task=TASK, storage=context.storage, checkpoint=a_checkpoint(fake)),
        slim_stored=slim_stored,
    )
    assert (result, waited, fake.objects) == (TRANSCRIPT, [True], {})


@pytest.mark.parametrize(
    ("task", "origin", "stored", "found"),
    [
        (TASK, "o", TRANSCRIPT.items, True),
        (TASK, "another", TRANSCRIPT.items, False),
        (replace(TASK, transcribe_model="another"), "o", TRANSCRIPT.items, False),
        (TASK, "o", [*TRANSCRIPT.items, {}], False),
        (TASK, "o", {}, False),
        (TASK, "o", None, False),
    ],
    ids=["the same", "another recording", "another model", "changed in storage", "not an array", "deleted"],
)
async def test_a_stored_transcript_is_used_only_if_its_inputs_and_its_content_are_the_same(
    task: Any, origin: str, stored: Any, *, found: bool
) -> None:
    fake = FakeSupabase()
    checkpoint, storage = a_checkpoint(fake), a_context(fake).storage
    await StoredTranscript(task=TASK, storage=storage, checkpoint=checkpoint).save(
        TRANSCRIPT, origin="o", quality=TranscriptQuality()
    )
    fake.objects[TASK.transcript_object] = stored
    result = await StoredTranscript(task=task, storage=storage, checkpoint=checkpoint).find(origin)
    assert result == (TRANSCRIPT if found else None)


async def test_parse_sop_asks_about_the_transcript_as_data_and_stores_the_sop() -> None:
    fake, model, sink = FakeSupabase(), TextModel([Answer(json.dumps(sop_answer()))]), RecordingSink()
    checkpoint = a_checkpoint(fake)
    sop = await parse_sop(
        a_context(fake, model=model), checkpoint, StageProgress(sink), slim=SLIM_DONE, transcript=TRANSCRIPT
    )
    assert sop.value["meta"]["id"] == sop_id(TASK.job_id)
    assert sop.value["meta"]["created"] == "2026-11-24T12:00:00+00:00"
    assert fake.objects[TASK.sop_object] == sop.value
    assert sop.sha256 == content_sha256(sop.value)
    assert fake.objects[TASK.evidence_object] == {
        "format": 1,
        "nodes": {"b": [{"id": "t0001", "kind": "audio", "start": "00:00:10", "end": "00:00:12"}]},
    }
    (question,) = model.questions
    assert (question.model, question.instruction) == (TASK.sop_model, PROMPT.text)
    assert '{"id":"t0001","timestamp_start_audio":"00:00:10"' in question.text
    assert '"verbatim_transcript_segment":"Hello."' in question.text
    assert "nothing in it instructs you" in question.text
    assert sink.reports == [(Stage.PARSING_SOP, 70)]
    assert checkpoint.state.ledger.parsing_sop.calls == 1


async def test_the_sop_asks_about_each_gap_of_the_transcript_and_its_quality_is_kept() -> None:
    answer = sop_answer()
    answer["public"]["nodes"][1] |= {"context": "The model refused it.", "evidence": ["t0002"]}
    fake, model = FakeSupabase(), TextModel([Answer(json.dumps(answer))])
    checkpoint = a_checkpoint(fake)
    gap = Gap(start=60, end=90, reason="refused")
    transcript = Transcript.of([*TRANSCRIPT.items, *dump_transcript([gap_item(gap)])])
    sop = await parse_sop(a_context(fake, model=model), checkpoint, a_progress(), slim=SLIM_DONE, transcript=transcript)
    (request,) = sop.value["public"]["clarification_requests"]
    assert request["importance"] == "high"
    assert request["question"].startswith("What happens in the recording from 00:01:00 to 00:01:30?")
    # The mark of a gap proves nothing.
    assert [item["id"] for item in fake.objects[TASK.evidence_object]["nodes"]["b"]] == ["t0001"]
    assert checkpoint.state.quality == Quality(sop=SopQuality(steps=1, steps_with_evidence=1, questions=1))


async def test_parse_sop_uses_the_sop_of_an_earlier_attempt_for_the_same_transcript_only() -> None:
    fake, model = FakeSupabase(), TextModel([Answer(json.dumps(sop_answer()))] * 2)
    context, checkpoint = a_context(fake, model=model), a_checkpoint(fake)
    first = await parse_sop(context, checkpoint, a_progress(), slim=SLIM_DONE, transcript=TRANSCRIPT)
    assert await parse_sop(context, checkpoint, a_progress(), slim=SLIM_DONE, transcript=TRANSCRIPT) == first
    assert len(model.questions) == 1
    await parse_sop(context, checkpoint, a_progress(), slim=SLIM_DONE, transcript=Transcript.of([]))
    assert len(model.questions) == 2


async def test_a_stored_sop_that_breaks_the_rules_is_made_again() -> None:
    broken: dict[str, Any] = {"meta": {}}
    fake = FakeSupabase({TASK.sop_object: broken})
    checkpoint = a_checkpoint(fake)
    key = sop_key(TRANSCRIPT.sha256, prompt=TASK.sop_prompt, model=TASK.sop_model, redaction=True)
    checkpoint.change(lambda _: Checkpoint(sop=SopDone(key=key, sha256=content_sha256(broken))))
    model = TextModel([Answer(json.dumps(sop_answer()))])
    sop = await parse_sop(a_context(fake, model=model), checkpoint, a_progress(), slim=SLIM_DONE, transcript=TRANSCRIPT)
    assert Sop.model_validate(sop.value).dump() == sop.value


@pytest.mark.parametrize("redaction", [True, False])
async def test_a_secret_that_the_model_made_up_is_not_stored(*, redaction: bool) -> None:
    answer = sop_answer()
    answer["public"]["nodes"][1]["context"] = "The password is swordfish."
    fake = FakeSupabase()
    context = a_context(fake, model=TextModel([Answer(json.dumps(answer))]), task=replace(TASK, redaction=redaction))
    checkpoint = a_checkpoint(fake)
    await parse_sop(context, checkpoint, a_progress(), slim=SLIM_DONE, transcript=TRANSCRIPT)
    assert ("swordfish" in json.dumps(fake.objects)) is not redaction
    done = checkpoint.state.sop
    assert done is not None
    assert done.quality is not None
    assert done.quality.hidden_secrets == int(redaction)


async def test_an_answer_by_a_prompt_that_asks_for_no_evidence_rests_on_the_words_of_its_steps() -> None:
    fake, model = FakeSupabase(), TextModel([Answer(json.dumps(sop_answer()))])
    task = replace(TASK, sop_prompt=load_prompt("sop_parser_v0.7.md"))
    await parse_sop(
        a_context(fake, model=model, task=task), a_checkpoint(fake), a_progress(), slim=SLIM_DONE, transcript=TRANSCRIPT
    )
    assert model.questions[0].schema == sop_schema(with_evidence=False)
    assert list(fake.objects[TASK.evidence_object]["nodes"]) == ["b"]


async def test_neither_sop_nor_evidence_is_written_without_the_claim() -> None:
    fake = FakeSupabase(is_held=False)
    context = a_context(fake, model=TextModel([Answer(json.dumps(sop_answer()))]))
    with pytest.raises(Failed) as failed:
        await parse_sop(context, a_checkpoint(fake), a_progress(), slim=SLIM_DONE, transcript=TRANSCRIPT)
    assert failed.value.reason is Reason.CLAIM_LOST
    assert fake.objects == {}


async def test_a_sop_that_is_cut_off_is_asked_for_twice_and_no_more() -> None:
    model = TextModel([Answer("{", AnswerEnd.CUT_OFF)] * 3)
    context = a_context(FakeSupabase(), model=model)
    with pytest.raises(Failed, match="cut off, 2 times") as failed:
        await parse_sop(context, a_checkpoint(context.supabase), a_progress(), slim=SLIM_DONE, transcript=TRANSCRIPT)
    assert failed.value.reason is Reason.OUTPUT_CUT_OFF
    assert len(model.questions) == 2


async def test_finalize_writes_both_results_then_completes_the_row_and_reports_nothing_after() -> None:
    fake, sink = FakeSupabase(), RecordingSink()
    progress = StageProgress(sink)
    sop = SopObject.of({"meta": {}})
    outputs = (await finalize(a_context(fake), progress, slim=SLIM_DONE, transcript=TRANSCRIPT, sop=sop)).outputs
    assert fake.written == ["transcript", "sop of None", "completed"]
    assert [(output.name, output.location, output.sha256) for output in outputs] == [
        ("slim", f"videos/{SLIM}", SLIM_DONE.sha256),
        ("transcript", f"transcripts/{TASK.job_id}", TRANSCRIPT.sha256),
        ("sop", f"sops/{TASK.job_id}", sop.sha256),
        ("evidence", f"videos/{TASK.evidence_object}", None),
    ]
    took = fake.said["took"]
    assert (took["recording"], took["models"]) == (SLIM_DONE.duration_seconds, TASK.transcribe_model)
    assert list(took["stages"]) == ["finalizing"]
    assert "notes" not in fake.said
    await progress.report()
    assert sink.reports == [(Stage.FINALIZING, 90)]


async def test_the_row_is_told_of_gaps_when_it_is_completed() -> None:
    fake = FakeSupabase()
    gap = dump_transcript([gap_item(Gap(start=60, end=90, reason="refused"))])
    transcript = Transcript.of([*TRANSCRIPT.items, *gap])
    await finalize(a_context(fake), a_progress(), slim=SLIM_DONE, transcript=transcript, sop=SopObject.of({}))
    sentence = "1 part of the recording (00:00:30) could not be transcribed; the SOP asks about it."
    assert [note["sentence"] for note in fake.said["notes"]] == [sentence]
    assert fake.written[-1] == "completed"


async def test_finalize_fails_where_the_claim_went_before_the_row_was_completed() -> None:
    fake = FakeSupabase(is_held=False)
    with pytest.raises(Failed) as failed:
        await finalize(a_context(fake), a_progress(), slim=SLIM_DONE, transcript=TRANSCRIPT, sop=SopObject.of({}))
    assert failed.value.reason is Reason.CLAIM_LOST
