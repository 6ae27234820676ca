"""How each finished step changes the checkpoint, and that a checkpoint of the previous version is still read. Pure."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runops.picture_resolution import PictureResolution
from runops.progress import Stage
from runops.quality import Gap, Quality, RecordingLoss, RecordingQuality, SopQuality, TranscriptQuality
from runops_worker.checkpoint.format import (
    AnsweredRange,
    Checkpoint,
    ChunkState,
    LostRange,
    OpenQuestion,
    SeamsChosen,
    SlimDone,
    SopDone,
    TranscriptDone,
    Trouble,
    UnsettledItem,
    read_checkpoint,
)
from runops_worker.checkpoint.keys import content_sha256, slim_key, sop_key, transcript_key
from runops_worker.model.ledger import Ledger
from runops_worker.model.protocol import CallUsage
from runops_worker.task import Prompt, Task
from tests.worker.fakes import PROMPT, TASK

DAY = date(2026, 11, 24)
SLIM = SlimDone(key="k", sha256="s", size_bytes=1, duration_seconds=2.5, frames=2, has_audio=False)
FULL = Checkpoint(
    slim=SLIM,
    chunks=(
        ChunkState(
            key="one",
            open=(
                OpenQuestion(
                    start=0, end=9, purpose="repair", unsettled=(UnsettledItem(raw={"a": [None]}, faults=("f",)),)
                ),
            ),
            answered=(AnsweredRange(start=0, end=9, items=[{"a": 1}]),),
            lost=(LostRange(start=9, end=10, trouble=Trouble(reason="refused", detail="SAFETY")),),
            calls=2,
        ),
        ChunkState(key="two", calls=1, dropped=3),
    ),
    decoded_whole="k",
    uploads=("u",),
    transcript=TranscriptDone(key="t", sha256="ts", quality=None),
    sop=SopDone(key="p", sha256="ps", quality=None),
    ledger=Ledger().with_call(Stage.TRANSCRIBING, CallUsage("gemini-3.8-flash", 1000, 10), on=DAY),
)
LEDGER_OF_THE_PREVIOUS_VERSION: dict[str, dict[str, Any]] = {
    "transcribing": {
        "model": "gemini-3.8-flash",
        "calls": 1,
        "input_tokens": 1000,
        "output_tokens": 10,
        "cached_tokens": 0,
        "video_tokens": 0,
        "audio_tokens": 0,
        "thinking_tokens": 0,
        "cost_usd": "0.0007875",
        "unpriced_calls": 0,
    },
    "parsing_sop": {
        "model": None,
        "calls": 0,
        "input_tokens": 0,
        "output_tokens": 0,
        "cached_tokens": 0,
        "video_tokens": 0,
        "audio_tokens": 0,
        "thinking_tokens": 0,
        "cost_usd": "0",
        "unpriced_calls": 0,
    },
}
# As the previous version wrote it: a retry after an upgrade must use it.
PREVIOUS = {
    "format": 1,
    "slim": {
        "key": "k",
        "sha256": "s",
        "size_bytes": 1,
        "duration_seconds": 2.5,
        "frames": 2,
        "has_audio": False,
    },
    "chunks": [],
    "decoded_whole": "k",
    "uploads": ["u"],
    "transcript": {"key": "t", "sha256": "ts"},
    "sop": {"key": "p", "sha256": "ps"},
    "ledger": LEDGER_OF_THE_PREVIOUS_VERSION,
}
KEYS_OF_THE_PREVIOUS_VERSION = [
    "72a958be674236d84ef8e4897692025b97e9511dd950ddd392e9a9e035601c81",
    "0cb66a218c68dbd82fdd58dbe00d647b32a7e7704520406b5f3a283e133c77c5",
    "eb65cf6c25dfbf3b81aa6ed505bec61da00c8fec80245e6ca6f57f8f040e6854",
    "8ecc3b737f45c61acb557ac5c3c438e759b45c2dc0172ef7c944932857572411",
    "e6079cc869da30fa7778650261b5c569a08642cba6de37e7cffd9ab5d28d87c8",
]


def test_the_format_in_storage_is_that_of_the_previous_version_but_for_chunks_and_what_the_ledger_counts_more() -> None:
    ledger = Ledger(transcribing=FULL.ledger.transcribing)
    without_chunks = FULL.without_chunks().model_copy(update={"ledger": ledger})
    assert read_checkpoint(PREVIOUS) == without_chunks
    count = {"estimated_calls": 0}
    more: dict[str, Any] = {"id": "", "attempts": [], "days": [], "under_way": [], "estimated_usd": None}
    more |= {stage: former | count for stage, former in LEDGER_OF_THE_PREVIOUS_VERSION.items()}
    added: dict[str, Any] = {
        "slim": {"losses": []},
        "transcript": {"quality": None},
        "sop": {"quality": None},
        "ledger": more,
    }
    assert without_chunks.model_dump(mode="json") == {"sections": [], "sop_tried": None, "seams": None} | {
        key: value | added.get(key, {}) if isinstance(value, dict) else value for key, value in PREVIOUS.items()
    }


def test_chunks_of_the_previous_version_do_not_spoil_the_rest() -> None:
    former = {**PREVIOUS, "chunks": [{"key": "one", "items": [{"a": 1}]}], "cut_off": ["two"]}
    assert read_checkpoint(former).without_chunks() == read_checkpoint(PREVIOUS)
    assert read_checkpoint(PREVIOUS).transcript is not None


def test_how_far_a_chunk_is_survives_storage() -> None:
    assert read_checkpoint(FULL.model_dump(mode="json")) == FULL


def test_the_keys_are_those_of_the_previous_version() -> None:
    assert [
        slim_key(TASK, etag="e", size=9),
        transcript_key("o", prompt=PROMPT, model="m", redaction=True),
        transcript_key("o", prompt=PROMPT, model="m", redaction=True, chunk=(0.0, 300.0)),
        sop_key("t", prompt=PROMPT, model="m", redaction=True),
        content_sha256({"b": [1, "ü"], "a": None}),
    ] == KEYS_OF_THE_PREVIOUS_VERSION


def test_quality_is_that_of_the_finished_results_and_survives_storage() -> None:
    assert FULL.quality is None
    assert Checkpoint().quality is None
    transcript = TranscriptQuality(dropped=1, gaps=(Gap(start=1, end=2, reason="empty"),))
    state = FULL.with_transcript(TranscriptDone(key="t", sha256="ts", quality=transcript))
    assert state.quality == Quality(transcript=transcript)
    state = state.with_sop(SopDone(key="p", sha256="ps", quality=SopQuality(steps=2)))
    assert read_checkpoint(state.model_dump(mode="json")).quality == Quality(
        transcript=transcript, sop=SopQuality(steps=2)
    )


def test_what_is_lost_of_the_recording_survives_storage_with_the_slim_video() -> None:
    loss = RecordingLoss(kind="cut_off", detail="The end is missing.", start=2.5)
    state = Checkpoint().with_slim(SLIM.model_copy(update={"losses": (loss,)}))
    for kept in (read_checkpoint(state.model_dump(mode="json")), state.for_rerun()):
        assert kept.quality == Quality(recording=RecordingQuality(losses=(loss,)))


@pytest.mark.parametrize("value", [None, [], "text", {"format": 2}, {"chunks": 3}, {**PREVIOUS, "slim": {"key": "k"}}])
def test_what_is_not_a_checkpoint_is_read_as_an_empty_one(value: object) -> None:
    assert read_checkpoint(value) == Checkpoint()


def test_a_stored_slim_video_ends_its_upload() -> None:
    state = Checkpoint().with_upload("first").with_upload("second")
    assert state.uploads == ("first", "second")
    assert state.without_uploads() == Checkpoint()
    assert state.with_slim(SLIM) == Checkpoint(slim=SLIM)
    assert FULL.without_slim() == FULL.model_copy(update={"slim": None})


def test_the_origin_of_a_slim_video_without_a_key_is_its_content() -> None:
    assert (SLIM.origin, SLIM.model_copy(update={"key": ""}).origin) == ("k", "s")


def test_a_chunk_is_found_by_its_key() -> None:
    assert FULL.chunk("two") == FULL.chunks[1]
    assert FULL.chunk("three") is None


def test_a_chunk_replaces_one_with_the_same_key() -> None:
    again = ChunkState(key="one", calls=3)
    assert FULL.with_chunk(again).chunks == (FULL.chunks[1], again)


def test_the_whole_transcript_replaces_its_chunks() -> None:
    done = TranscriptDone(key="new", sha256="x")
    state = FULL.with_transcript(done)
    assert (state.transcript, state.chunks) == (done, ())
    assert state.slim == SLIM


def test_a_whole_decode_makes_the_chunks_of_another_slim_video_doubtful() -> None:
    state = FULL.with_whole_decode("other")
    assert state.decoded_whole == "other"
    assert state.chunks == tuple(chunk.model_copy(update={"is_doubted": True}) for chunk in FULL.chunks)
    assert FULL.with_whole_decode("k") == FULL


def test_after_a_whole_decode_seams_are_chosen_again_but_those_of_a_former_version_are_not() -> None:
    moved = FULL.with_movable_seams("k").model_copy(update={"seams": SeamsChosen(key="k", starts=(275.0,))})
    assert moved.with_whole_decode("other").seams == SeamsChosen(key="other")
    assert FULL.model_copy(update={"seams": None}).with_whole_decode("other").seams is None


def test_a_rerun_keeps_all_but_the_sop_and_the_cost() -> None:
    sop = SopDone(key="other", sha256="x")
    assert FULL.with_sop(sop).sop == sop
    assert FULL.for_rerun() == FULL.model_copy(update={"sop": None, "ledger": Ledger()})


def test_calls_are_added_to_their_stage_and_one_of_unknown_price_leaves_the_other_costs() -> None:
    known = CallUsage("gemini-3.8-flash", 1_000_000, 100_000)
    state = Checkpoint().with_call(Stage.PARSING_SOP, known, on=DAY).with_call(Stage.PARSING_SOP, known, on=DAY)
    usage = state.ledger.usage(media_seconds=2.6)
    assert usage.parsing_sop is not None
    assert (usage.transcribing, usage.parsing_sop.calls) == (None, 2)
    assert (usage.parsing_sop.input_tokens, usage.parsing_sop.output_tokens) == (2_000_000, 200_000)
    assert (usage.cost_usd, usage.total_tokens, usage.media_seconds) == ("2.250000", 2_200_000, 3)
    usage = state.with_call(Stage.TRANSCRIBING, CallUsage("unknown", 1, 1), on=DAY).ledger.usage(media_seconds=0)
    assert usage.transcribing is not None
    assert usage.parsing_sop is not None
    assert (usage.cost_usd, usage.transcribing.cost_usd, usage.parsing_sop.cost_usd) == ("2.250000", None, "2.250000")


JOB = UUID("8a2b5d1e-54a5-4f6c-9d70-6f1c7d0a4b11")


def a_task(**changes: Any) -> Task:
    prompt = Prompt.of("p.md", "words")
    fields: dict[str, Any] = {
        "job_id": JOB,
        "claim": "c",
        "user_id": None,
        "source_bucket": "videos",
        "source_object": "raw/x.mp4",
        "transcribe_model": "m",
        "sop_model": "m",
        "transcription_prompt": prompt,
        "sop_prompt": prompt,
    }
    return Task(**{**fields, **changes})


def test_each_key_changes_with_what_went_in_and_with_nothing_else() -> None:
    base = slim_key(a_task(), etag="e", size=1)
    assert base == slim_key(a_task(claim="other", sop_model="n"), etag="e", size=1)
    others = [slim_key(a_task(), etag="f", size=1), slim_key(a_task(), etag="e", size=2)]
    others += [slim_key(a_task(**{name: 2}), etag="e", size=1) for name in ("fps", "height", "crf")]
    assert len({base, *others}) == 6
    assert slim_key(a_task(), etag=None, size=1) is None
    one, two = Prompt.of("a.md", "one"), Prompt.of("a.md", "two")
    keys = [
        transcript_key(sha, prompt=p, model=m, redaction=r)
        for r in (True, False)
        for sha in "ab"
        for p in (one, two)
        for m in "mn"
    ]
    keys += [transcript_key("a", prompt=one, model="m", redaction=True, chunk=s) for s in ((0.0, 5.0), (0.0, 6.0))]
    low = PictureResolution.LOW
    keys += [
        transcript_key("a", prompt=one, model="m", redaction=True, resolution=low, chunk=s) for s in (None, (0.0, 5.0))
    ]
    keys += [
        sop_key(sha, prompt=p, model=m, redaction=r)
        for r in (True, False)
        for sha in "ab"
        for p in (one, two)
        for m in "mn"
    ]
    keys += [sop_key("a", prompt=one, model="m", redaction=True, language=name) for name in ("German", "French")]
    assert len(set(keys)) == 38


@given(st.recursive(st.none() | st.integers() | st.text(), lambda inner: st.dictionaries(st.text(), inner)))
def test_an_unreadable_checkpoint_is_an_empty_one(value: Any) -> None:
    assert read_checkpoint(value).transcript is None
