"""What happens to the chunks of a long recording where some of them fail."""

import asyncio
import contextlib
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from runops.failures import Failed, Reason
from runops.quality import Gap, Quality, TranscriptQuality
from runops.transcript import dump_transcript
from runops.transcript_gaps import gap_item, gaps_in
from runops_worker.checkpoint.format import AnsweredRange, Checkpoint, SlimDone, read_checkpoint
from runops_worker.checkpoint.store import CheckpointStore
from runops_worker.media.transcode.activity import Activity
from runops_worker.media.transcode.chunks import Chunk
from runops_worker.media.transcode.idle import ClipTimes
from runops_worker.media.transcode.seams import SeamSignal
from runops_worker.model.protocol import Answer, AnswerEnd, InputTooLarge, Question
from runops_worker.overlapping_work import overlapping_work
from runops_worker.stages.transcribe import transcribe
from runops_worker.task import Task
from runops_worker.transcription.chunk_transcriber import ChunkTranscriber
from runops_worker.transcription.clip_source import Measure
from runops_worker.transcription.next_questions.after_answer import MOST_CALLS
from runops_worker.transcription.stored_transcript import StoredTranscript
from tests.worker.fakes import TASK, ChunkModel, FakeSupabase, Killed, a_checkpoint, a_context, a_progress, idle, silent
from tests.worker.pure.items import clicked, said

SLIM = SlimDone(key="k", sha256="s", size_bytes=1, duration_seconds=1480, frames=1480, has_audio=True)
SHORT = SLIM.model_copy(update={"duration_seconds": 600.0, "frames": 600})


async def idle_now(_clip: Path, chunk: Chunk) -> Activity:
    return idle(chunk)


async def busy_now(_clip: Path, chunk: Chunk) -> Activity:
    nothing = idle(chunk)
    return replace(nothing, changed=(True,) * len(nothing.changed))


async def without_a_sound(_clip: Path, chunk: Chunk) -> Activity:
    nothing = idle(chunk)
    return replace(nothing, audible=nothing.loud)


async def no_condense(_clip: Path, _times: ClipTimes, _target: Path, *, with_sound: bool) -> None:
    raise AssertionError(f"nothing is left out by default; with sound: {with_sound}")


async def silent_now(_clip: Path, part: Chunk) -> SeamSignal:
    return silent(part)


@dataclass
class Attempt:
    """An attempt whose slim video is in storage and in the scratch folder."""

    fake: FakeSupabase
    model: ChunkModel
    workdir: Path
    checkpoint: CheckpointStore
    task: Task = TASK
    measure: Measure = idle_now
    silenced: list[str] = field(default_factory=list)

    async def drop_sound(self, clip: Path, target: Path) -> None:
        self.silenced.append(clip.name)
        await asyncio.to_thread(target.write_bytes, b"pictures only")

    async def transcribe(self, slim: SlimDone) -> list[dict[str, Any]]:
        context = a_context(self.fake, model=self.model, workdir=self.workdir, task=self.task)
        stored = StoredTranscript(task=self.task, storage=context.storage, checkpoint=self.checkpoint)
        async with overlapping_work() as work:
            chunks = ChunkTranscriber(
                task=self.task,
                model=context.model,
                checkpoint=self.checkpoint,
                workdir=self.workdir,
                measure=self.measure,
                measure_seam=silent_now,
                drop_sound=self.drop_sound,
                condense=no_condense,
                work=work,
                on_progress=lambda _: None,
            )
            transcript = await transcribe(
                context,
                a_progress(),
                slim=slim,
                file=self.workdir / "slim.mp4",
                earlier=None,
                chunks=chunks,
                stored=stored,
                slim_stored=lambda: asyncio.sleep(0),
            )
        return transcript.items


NewAttempt = Callable[..., Attempt]


@pytest.fixture
def attempt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> NewAttempt:
    """Make attempts whose clips are cut in no time."""
    (tmp_path / "slim.mp4").touch()

    async def cut(_video: Any, _piece: Any, target: Path, *, limits: Any) -> Path:
        assert limits is not None
        target.touch()  # noqa: ASYNC240 - in a thread, chunks would be asked about in any order
        return target

    monkeypatch.setattr("runops_worker.transcription.clip_source.cut_chunk", cut)
    return lambda fake, model: Attempt(fake, model, tmp_path, a_checkpoint(fake))


def failing(reason: Reason) -> Callable[[], Answer]:
    def fail() -> Answer:
        raise Failed(reason)

    return fail


async def test_a_chunk_that_fails_costs_none_of_those_under_way(attempt: NewAttempt) -> None:
    fake, model = FakeSupabase(), ChunkModel({295: failing(Reason.MODEL_REFUSED_REQUEST)})
    with pytest.raises(Failed) as failed:
        await attempt(fake, model).transcribe(SLIM)
    assert failed.value.reason is Reason.MODEL_REFUSED_REQUEST
    assert [name.split("+")[0] for name in model.asked] == ["0", "295", "590"]
    again = attempt(fake, model)
    await again.checkpoint.load()
    assert len(again.checkpoint.state.chunks) == 2
    await again.transcribe(SLIM)
    assert [name.split("+")[0] for name in model.asked[3:]] == ["295", "885", "1180"]


async def test_a_lost_claim_ends_all_chunks_at_once(attempt: NewAttempt) -> None:
    fake, model = FakeSupabase(), ChunkModel({0: failing(Reason.CLAIM_LOST)})
    with pytest.raises(Failed) as failed:
        await attempt(fake, model).transcribe(SLIM)
    assert failed.value.reason is Reason.CLAIM_LOST
    assert read_checkpoint(fake.objects.get(TASK.checkpoint_object)).chunks == ()


async def test_a_chunk_that_was_cut_off_is_not_paid_for_again(attempt: NewAttempt) -> None:
    fake, model = (
        FakeSupabase(),
        ChunkModel({295: lambda: Answer("", AnswerEnd.CUT_OFF), 447: failing(Reason.MODEL_REFUSED_REQUEST)}),
    )
    with pytest.raises(Failed):
        await attempt(fake, model).transcribe(SHORT)
    assert sorted(model.asked) == ["0+300", "295+154", "295+305", "447+153"]
    model.asked.clear()
    again = attempt(fake, model)
    await again.checkpoint.load()
    await again.transcribe(SHORT)
    assert model.asked == ["447+153"]


def too_large() -> Answer:
    raise InputTooLarge(Reason.MODEL_REFUSED_REQUEST)


async def test_a_chunk_that_is_too_large_for_the_model_is_halved(attempt: NewAttempt) -> None:
    model = ChunkModel({295: too_large})
    await attempt(FakeSupabase(), model).transcribe(SHORT)
    assert sorted(model.asked) == ["0+300", "295+154", "295+305", "447+153"]


async def test_a_chunk_that_stays_too_large_fails_with_the_reason_of_the_model(attempt: NewAttempt) -> None:
    model = ChunkModel(always={0: too_large})
    with pytest.raises(InputTooLarge):
        await attempt(FakeSupabase(), model).transcribe(SHORT)
    assert [name for name in model.asked if name.startswith("0+")] == ["0+300", "0+152", "0+78", "0+41"]


async def test_a_saved_chunk_that_is_invalid_is_asked_for_again(
    attempt: NewAttempt,
) -> None:
    fake, model = FakeSupabase(), ChunkModel({295: failing(Reason.MODEL_REFUSED_REQUEST)})
    first = attempt(fake, model)
    with pytest.raises(Failed):
        await first.transcribe(SHORT)
    again = attempt(fake, model)
    odd = (AnsweredRange(start=0, end=300, items=[{"odd": 1}]),)
    spoilt = tuple(chunk.model_copy(update={"answered": odd}) for chunk in first.checkpoint.state.chunks)
    again.checkpoint.change(lambda _: Checkpoint(chunks=spoilt))
    transcript = await again.transcribe(SHORT)
    assert model.asked == ["0+300", "295+305", "0+300", "295+305"]
    assert len(transcript) == 2


def nothing() -> Answer:
    return Answer("[]")


def refused() -> Answer:
    return Answer("", AnswerEnd.REFUSED, "RECITATION")


def items(*times: float) -> str:
    return json.dumps(dump_transcript([clicked(at, f"Button {at:g}") for at in times]))


async def test_an_idle_chunk_needs_no_items_and_is_asked_about_once(attempt: NewAttempt) -> None:
    model = ChunkModel(always={295: nothing})
    assert len(await attempt(FakeSupabase(), model).transcribe(SHORT)) == 1
    assert sorted(model.asked) == ["0+300", "295+305"]


async def test_a_recording_in_which_nothing_was_found_fails_and_the_next_attempt_asks_again(
    attempt: NewAttempt,
) -> None:
    fake, model = FakeSupabase(), ChunkModel(always={0: nothing, 295: nothing})
    with pytest.raises(Failed, match="saw and heard nothing in the recording") as failed:
        await attempt(fake, model).transcribe(SHORT)
    assert failed.value.reason is Reason.MODEL_EMPTY_ANSWER
    again = attempt(fake, ChunkModel())
    await again.checkpoint.load()
    assert len(await again.transcribe(SHORT)) == 2


async def test_of_a_chunk_without_a_sound_the_model_is_told_so_and_its_speech_is_dropped(attempt: NewAttempt) -> None:
    model = ChunkModel(usual=lambda _: Answer(json.dumps(dump_transcript([clicked(1, "Save"), said(2, "Hello.")]))))
    first = attempt(FakeSupabase(), model)
    assert [("Hello" in str(item)) for item in await first.transcribe(SHORT)].count(True) == 2
    assert all("It has sound" in question.text for question in model.questions)
    assert first.silenced == []
    model.questions.clear()
    silent_track = replace(attempt(FakeSupabase(), model), measure=without_a_sound)
    assert not any("Hello" in str(item) for item in await silent_track.transcribe(SHORT))
    assert all("It has no sound" in question.text for question in model.questions)
    # Silence costs as many tokens as speech: it is not sent.
    assert silent_track.silenced == ["clip-0.000-300.000.mp4", "clip-295.000-600.000.mp4"]
    assert not list(silent_track.workdir.glob("*.sent.mp4"))
    assert silent_track.checkpoint.state.quality == Quality(transcript=TranscriptQuality(dropped=2))


async def test_an_empty_answer_about_a_busy_chunk_is_asked_for_again(attempt: NewAttempt) -> None:
    model = ChunkModel({295: nothing})
    busy = replace(attempt(FakeSupabase(), model), measure=busy_now)
    model.always[295] = lambda: Answer(items(*range(0, 305, 5)))
    model.always[0] = lambda: Answer(items(*range(0, 300, 5)))
    assert len(await busy.transcribe(SHORT)) > 100
    assert sorted(model.asked) == ["0+300", "295+305", "295+305"]
    assert model.uploads == 2, "the clip is still there for the second question"


async def test_a_chunk_that_is_refused_leaves_a_gap_in_the_transcript_and_no_failure(attempt: NewAttempt) -> None:
    model = ChunkModel(always={885: refused})
    first = attempt(FakeSupabase(), model)
    transcript = await first.transcribe(SLIM)
    gap = Gap(start=885, end=926, reason="refused")
    assert gaps_in(transcript) == (gap,)
    assert dump_transcript([gap_item(gap)])[0] in transcript
    assert len(transcript) > 4
    assert first.checkpoint.state.quality == Quality(transcript=TranscriptQuality(asked_again=6, gaps=(gap,)))


async def test_if_most_of_a_recording_is_refused_it_fails_and_the_next_attempt_asks_about_that_only(
    attempt: NewAttempt,
) -> None:
    fake, model = FakeSupabase(), ChunkModel(refuses=range(295, 1480))
    with pytest.raises(
        Failed, match=r"refused .* of the recording \(00:24:40\) for its content \(RECITATION\)"
    ) as failed:
        await attempt(fake, model).transcribe(SLIM)
    assert failed.value.reason is Reason.BLOCKED
    assert max(Counter(int(name.split("+")[0]) // 295 for name in model.asked).values()) <= MOST_CALLS
    again = attempt(fake, ChunkModel())
    await again.checkpoint.load()
    assert gaps_in(await again.transcribe(SLIM)) == ()
    assert "0+300" not in again.model.asked


async def test_unreadable_items_are_repaired_alone_with_the_clip_that_is_there(attempt: NewAttempt) -> None:
    good = json.loads(items(*range(0, 300, 30)))
    model = ChunkModel({0: lambda: Answer(json.dumps([*good, DANCE, DANCE | {"application_in_focus": "Mail"}]))})
    model.always[0] = lambda: Answer(items(31, 61))
    first = attempt(FakeSupabase(), model)
    assert len(await first.transcribe(SHORT)) == 13
    first_question, repair = [question for question in model.questions if "300 seconds" in question.text]
    assert repair.text.count('"DANCE"') == 2
    assert "Button" not in repair.text
    assert repair.exchanges == first_question.exchanges == ()
    assert model.uploads == 2
    done = first.checkpoint.state.transcript
    assert done is not None
    assert done.quality == TranscriptQuality(repaired=2)


DANCE = {"action_type_observed": "DANCE", "application_in_focus": "Editor"}


TROUBLED: dict[int, Callable[[], Answer]] = {
    0: lambda: Answer(items(*range(0, 120, 5)), AnswerEnd.CUT_OFF),
    115: lambda: Answer("It shows an editor."),
    207: refused,
    253: nothing,
}


def about_everything(seconds: int) -> Answer:
    return Answer(items(*range(0, seconds, 5)))


@pytest.mark.parametrize("killed_after", range(1, 10))
async def test_wherever_it_is_killed_no_answer_is_asked_for_twice(attempt: NewAttempt, killed_after: int) -> None:
    whole = ChunkModel(dict(TROUBLED), usual=about_everything)
    expected = await replace(attempt(FakeSupabase(), whole), measure=busy_now).transcribe(SHORT)
    fake, model = FakeSupabase(), ChunkModel(dict(TROUBLED), usual=about_everything)
    fake.dies_after = killed_after
    with contextlib.suppress(Killed):
        await replace(attempt(fake, model), measure=busy_now).transcribe(SHORT)
    fake.dies_after = None
    again = replace(attempt(fake, model), measure=busy_now)
    await again.checkpoint.load()
    if again.checkpoint.state.transcript is None:
        assert await again.transcribe(SHORT) == expected
    assert sorted(model.asked) == sorted(whole.asked)


SPOKEN_SECRET = json.dumps(
    [
        {
            "timestamp_start_audio": "00:00:10",
            "timestamp_end_audio": "00:00:12",
            "verbatim_transcript_segment": "The password is hunter-2024.",
        }
    ]
)


@pytest.mark.parametrize("redaction", [True, False])
async def test_nothing_in_storage_holds_a_secret_unless_redaction_is_off(
    attempt: NewAttempt, *, redaction: bool
) -> None:
    fake, model = FakeSupabase(), ChunkModel(always={0: lambda: Answer(SPOKEN_SECRET)})
    model.once[295] = failing(Reason.MODEL_REFUSED_REQUEST)
    task = replace(TASK, redaction=redaction)
    with pytest.raises(Failed):
        await replace(attempt(fake, model), task=task).transcribe(SHORT)
    # The checkpoint holds the items of the first chunk.
    assert ("hunter-2024" in json.dumps(fake.objects)) is not redaction
    again = replace(attempt(fake, model), task=task)
    await again.checkpoint.load()
    assert any("hunter-2024" in json.dumps(item) for item in await again.transcribe(SHORT)) is not redaction
    assert ("hunter-2024" in json.dumps(fake.objects)) is not redaction
    done = again.checkpoint.state.transcript
    assert done is not None
    assert done.quality is not None
    assert done.quality.hidden_secrets == int(redaction)
    assert sum(name.startswith("0+") for name in model.asked) == 1


async def test_a_transcript_stored_with_its_secrets_is_made_again_once_redaction_is_on(attempt: NewAttempt) -> None:
    fake, model = FakeSupabase(), ChunkModel(always={0: lambda: Answer(SPOKEN_SECRET)})
    await replace(attempt(fake, model), task=replace(TASK, redaction=False)).transcribe(SHORT)
    again = attempt(fake, model)
    await again.checkpoint.load()
    stored = StoredTranscript(task=TASK, storage=a_context(fake).storage, checkpoint=again.checkpoint)
    assert await stored.find(SHORT.origin) is None


@dataclass
class ListeningModel(ChunkModel):
    """Keeps what is told about the recording before each clip; sees a click on a button in each chunk."""

    told: dict[int, str] = field(default_factory=dict)

    async def ask(self, question: Question, *, video: Any, on_usage: Any) -> Answer:
        start = video.start
        self.told[start] = question.text.split("\n")[-1] if "known of that recording before" in question.text else ""
        self.always.setdefault(start, lambda: Answer(json.dumps(dump_transcript([clicked(290, f"Button {start}")]))))
        return await super().ask(question, video=video, on_usage=on_usage)


async def test_a_chunk_is_told_what_the_finished_chunks_before_it_show(attempt: NewAttempt) -> None:
    model = ListeningModel()
    await attempt(FakeSupabase(), model).transcribe(SLIM)
    # Three chunks are transcribed at once, and none waits for another one.
    assert [model.told[start] for start in (0, 295, 590)] == ["", "", ""]
    assert "Button 0" in json.loads(model.told[885])["names"]
    assert "Button 0" in json.loads(model.told[1180])["names"]
    assert "Button 1180" not in "".join(model.told.values())


async def test_a_later_attempt_tells_a_chunk_what_the_earlier_one_told_it(attempt: NewAttempt) -> None:
    cut_off, failed = (lambda: Answer("", AnswerEnd.CUT_OFF)), failing(Reason.MODEL_REFUSED_REQUEST)
    fake, model = FakeSupabase(), ListeningModel({885: cut_off, 1035: failed})
    with pytest.raises(Failed):
        await attempt(fake, model).transcribe(SLIM)
    first = model.told.pop(1035)
    assert first == model.told[885] != ""
    again = attempt(fake, model)
    await again.checkpoint.load()
    await again.transcribe(SLIM)
    assert model.told[1035] == first
