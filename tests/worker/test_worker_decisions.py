"""The worker's pure decisions: what an error means, how long to wait, what is due, what is the same."""

import errno
import json
from collections.abc import Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runops.failures import Failed, Reason
from runops.progress import Stage
from runops.transcript import AudioItem, TranscriptItem, VisualItem, dump_transcript, timestamp
from runops_worker.checkpoint.format import read_checkpoint
from runops_worker.checkpoint.keys import slim_key, sop_key, transcript_key
from runops_worker.failure_reason import as_failed
from runops_worker.gemini.loops import LoopDetector
from runops_worker.gemini.retry import MODEL_RETRIES, may_pass
from runops_worker.gemini.schema import SOP_SCHEMA, TRANSCRIPT_SCHEMA
from runops_worker.gemini.verdict import (
    LONGEST_WAIT_SECONDS,
    Action,
    ModelTrouble,
    Trouble,
    Verdict,
    judge,
    retry_delay,
)
from runops_worker.media.errors import MediaToolFailed, SandboxUnavailable
from runops_worker.model.answer_json import cleaned
from runops_worker.model.ask import Reading, ask_and_repair
from runops_worker.model.prices import cost, price_of
from runops_worker.model.protocol import Answer, CallUsage, Question, UploadedVideo
from runops_worker.prompts import load_prompt
from runops_worker.reporting.throttle import Throttle
from runops_worker.sop.read_sop import read_sop
from runops_worker.task import Prompt, Task
from runops_worker.transcription.merge_transcript import ChunkTranscript, merged
from runops_worker.transcription.read_transcript import SLACK_SECONDS, read_items

JOB = UUID("8a2b5d1e-54a5-4f6c-9d70-6f1c7d0a4b11")
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
RETRY_INFO = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "53.25s"}


def quota(name: str) -> dict[str, Any]:
    return {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{"quotaId": name}]}


@pytest.mark.parametrize(
    ("trouble", "action", "reason"),
    [
        (Trouble(400, message="Unknown name"), Action.FAIL, Reason.MODEL_REFUSED_REQUEST),
        (Trouble(400, details=({"reason": "API_KEY_INVALID"},)), Action.FAIL, Reason.MODEL_KEY_REJECTED),
        (Trouble(400, message="The File x is not in an ACTIVE state"), Action.RETRY, Reason.MODEL_FILE_REJECTED),
        (Trouble(400, message="The input token count (9) exceeds"), Action.SHRINK, Reason.MODEL_REFUSED_REQUEST),
        (Trouble(401), Action.FAIL, Reason.MODEL_KEY_REJECTED),
        (Trouble(403, message="no permission to access the File abc"), Action.UPLOAD_AGAIN, Reason.MODEL_FILE_REJECTED),
        (Trouble(403, message="no permission"), Action.FAIL, Reason.MODEL_KEY_REJECTED),
        (Trouble(404), Action.FAIL, Reason.MODEL_NOT_FOUND),
        (Trouble(408), Action.RETRY, Reason.MODEL_TIMEOUT),
        (Trouble(413), Action.SHRINK, Reason.MODEL_REFUSED_REQUEST),
        (Trouble(418), Action.FAIL, Reason.MODEL_REFUSED_REQUEST),
        (Trouble(429), Action.FAIL, Reason.QUOTA_EXCEEDED),
        (Trouble(429, details=(RETRY_INFO,)), Action.FAIL, Reason.QUOTA_EXCEEDED),
        (Trouble(429, message="Please retry in 19.5s."), Action.RETRY, Reason.QUOTA_EXCEEDED),
        (Trouble(429, details=(quota("RequestsPerDay"), RETRY_INFO)), Action.FAIL, Reason.QUOTA_EXCEEDED),
        (Trouble(429, message="Please retry in 700.5s."), Action.FAIL, Reason.QUOTA_EXCEEDED),
        (Trouble(500), Action.RETRY, Reason.MODEL_UNAVAILABLE),
        (Trouble(503), Action.RETRY, Reason.MODEL_UNAVAILABLE),
        (Trouble(503, details=(RETRY_INFO,)), Action.FAIL, Reason.MODEL_UNAVAILABLE),
        (Trouble(504), Action.RETRY, Reason.MODEL_TIMEOUT),
        (Trouble(599), Action.RETRY, Reason.MODEL_UNAVAILABLE),
    ],
)
def test_each_error_of_the_api_has_its_verdict(trouble: Trouble, action: Action, reason: Reason) -> None:
    verdict = judge(trouble, model="m")
    assert (verdict.action, verdict.reason) == (action, reason)
    assert verdict.text.endswith((".", ")")) or trouble.message in verdict.text


def test_the_wait_is_read_from_the_details_or_the_sentence() -> None:
    assert retry_delay(Trouble(429, details=(RETRY_INFO,))) == 53.25
    assert retry_delay(Trouble(429, message="Please retry in 7.5s.")) == 7.5
    assert retry_delay(Trouble(429, details=({"@type": "x.RetryInfo", "retryDelay": "soon"},))) is None


@given(st.none() | st.floats(0, LONGEST_WAIT_SECONDS))
async def test_no_wait_in_a_pod_is_shorter_than_the_api_asked_for_or_much_longer_than_twenty_seconds(
    asked: float | None,
) -> None:
    waits: list[float] = []

    async def note(seconds: float) -> None:
        waits.append(seconds)

    attempts = replace(MODEL_RETRIES, sleep=note).begin(may_pass)
    for _ in range(MODEL_RETRIES.attempts - 1):
        await attempts.failed(ModelTrouble(Verdict(Action.RETRY, Reason.QUOTA_EXCEEDED, wait=asked)))
    assert len(waits) == 2
    assert all((asked or 0) <= wait <= 21 for wait in waits)


@pytest.mark.parametrize("action", [action for action in Action if action is not Action.RETRY])
async def test_only_the_verdict_retry_makes_another_call(action: Action) -> None:
    calls = 0

    async def fail() -> None:
        nonlocal calls
        calls += 1
        raise ModelTrouble(Verdict(action, Reason.MODEL_UNAVAILABLE))

    with pytest.raises(ModelTrouble):
        await MODEL_RETRIES.run(fail, may_pass)
    assert calls == 1


def keywords(schema: Any, *, names: bool = False) -> Iterator[str]:
    if isinstance(schema, dict):
        for key, value in schema.items():
            if not names:
                yield key
            yield from keywords(value, names=key == "properties" and not names)
    elif isinstance(schema, list):
        for value in schema:
            yield from keywords(value)


def test_the_schemas_hold_only_what_the_api_accepts() -> None:
    for schema in (TRANSCRIPT_SCHEMA, SOP_SCHEMA):
        assert set(keywords(schema)) <= {"type", "properties", "required", "items", "enum"}
        assert '"number"' not in json.dumps(schema)


def test_a_loop_is_noticed_and_a_transcript_is_none() -> None:
    detector = LoopDetector()
    items = [{"timestamp_start_visual": timestamp(at), "action_type_observed": "CLICK"} for at in range(500)]
    assert not any(detector.feed(json.dumps(item)) for item in items)
    assert any(detector.feed(', {"id": 7}') for _ in range(100))


@given(st.text(min_size=1, max_size=200), st.integers(1, 60))
def test_any_short_passage_over_and_over_is_a_loop(passage: str, step: int) -> None:
    text = passage * (4000 // len(passage) + 1)
    detector = LoopDetector()
    assert any(detector.feed(text[at : at + step * 10]) for at in range(0, len(text), step * 10))


def said(at: float, words: str) -> AudioItem:
    return AudioItem(
        timestamp_start_audio=timestamp(at), timestamp_end_audio=timestamp(at + 1), verbatim_transcript_segment=words
    )


def clicked(at: float, target: str) -> VisualItem:
    return VisualItem.model_validate(
        {
            "timestamp_start_visual": timestamp(at),
            "application_in_focus": "Editor",
            "action_type_observed": "CLICK",
            "target_element_details": {"element_type_guess": "button", "element_visible_text": target},
            "screen_region_description_pre_action": "",
            "screen_region_description_post_action": "",
        }
    )


@given(st.sets(st.integers(0, 594), max_size=40), st.lists(st.sampled_from([-1, 0, 1]), min_size=40, max_size=40))
def test_overlapping_stretches_make_one_transcript_with_nothing_lost_or_doubled(
    starts: set[int], blur: Sequence[int]
) -> None:
    events = [clicked(at, f"{at:03d}" * 3) if at % 2 else said(at, f"{at:03d} " * 5) for at in sorted(starts)]
    first: list[TranscriptItem] = [item for item in events if item.start < 300]
    second: list[TranscriptItem] = []
    for item, off in zip(events, blur, strict=False):
        if item.start >= 295:
            at = max(item.start - 295 + off, 0)
            stamp = {
                "timestamp_start_visual" if isinstance(item, VisualItem) else "timestamp_start_audio": timestamp(at)
            }
            second.append(item.model_copy(update=stamp))
    result = merged([ChunkTranscript(0, 300, first), ChunkTranscript(295, 595, second)])
    assert len(result) == len(events)
    assert [item.start for item in result] == sorted(item.start for item in result)


def test_two_equal_clicks_in_the_overlap_stay_two() -> None:
    twice = [clicked(296, "Next"), clicked(298, "Next")]
    again = [clicked(1, "Next"), clicked(3, "Next")]
    assert len(merged([ChunkTranscript(0, 300, twice), ChunkTranscript(295, 595, again)])) == 2


def typed(at: float, text: str, *, end: float | None = None) -> VisualItem:
    item = clicked(at, "Name").model_dump() | {"action_type_observed": "TYPE"}
    if end is not None:
        item["timestamp_end_visual"] = timestamp(end)
    return VisualItem.model_validate({**item, "data_input_observed": {"typed_characters": text}})


@pytest.mark.parametrize(
    ("earlier", "later", "left"),
    [
        (typed(299, "Jo"), typed(4, "John Smith"), [typed(299, "John Smith")]),
        (typed(296, "John", end=297), typed(1, "John", end=3), [typed(296, "John", end=297)]),
        (typed(298, "Joan Smith"), typed(3.5, "John Smith"), [typed(298.5, "John Smith")]),
        (typed(296, "12", end=297), typed(1, "97", end=2), [typed(296, "12", end=297), typed(296, "97", end=297)]),
        (said(299, "And now we."), said(4, "And now we open the door."), [said(299, "And now we open the door.")]),
        (said(296, "Open the door."), said(1.5, "open the door"), [said(296, "Open the door.")]),
        (said(299, "Open the door."), said(4, "Open the"), [said(299, "Open the door.")]),
        (
            said(299, "Open the door."),
            clicked(4, "Open the door."),
            [clicked(299, "Open the door."), said(299, "Open the door.")],
        ),
    ],
)
def test_of_two_tellings_in_the_overlap_the_one_that_saw_more_is_kept(
    earlier: TranscriptItem, later: TranscriptItem, left: list[TranscriptItem]
) -> None:
    assert merged([ChunkTranscript(295, 595, [later]), ChunkTranscript(0, 300, [earlier])]) == left


def test_times_are_settled_where_their_meaning_is_clear_and_refused_where_not() -> None:
    visual = dump_transcript([clicked(3, "Save")])[0]
    for stamp, becomes in (("00:05", 5), ("1:02", 62), ("0:00:07", 7), ("00:01:31", 90), ("00:00:09.5", 9.5)):
        answer = read_items(json.dumps([{**visual, "timestamp_start_visual": stamp}]), length=90)
        assert (answer.faults, [item.start for item in answer.value or ()]) == ((), [becomes])
    for stamp in ("00:02:00", "soon", "12"):
        answer = read_items(json.dumps([visual, {**visual, "timestamp_start_visual": stamp}]), length=90)
        assert len(answer.value or ()) == 1
        assert answer.faults[0].startswith("[1]")


@given(st.floats(0.5, 400), st.floats(0, SLACK_SECONDS - 0.001), st.booleans())
def test_an_item_just_past_the_end_of_its_clip_is_moved_into_it(length: float, past: float, is_said: bool) -> None:
    item = said(length + past, "words") if is_said else clicked(length + past, "Save")
    answer = read_items(json.dumps(dump_transcript([item])), length=length)
    assert answer.faults == ()
    assert all(length - 0.0011 <= item.start <= length + 1e-6 for item in answer.value or ())


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=30), inner, max_size=4),
        max_leaves=20,
    )
)
def test_no_answer_makes_the_readers_fall(value: Any) -> None:
    text = json.dumps(value)
    read_items(text, length=60)
    reading = read_sop(text, job_id=JOB, now=NOW)
    assert reading.faults


@given(st.text(alphabet=st.characters(categories=["Cs", "Lu", "Cc"])))
def test_what_jsonb_refuses_is_taken_out(text: str) -> None:
    plain = cleaned({text: [text]})
    json.dumps(plain, ensure_ascii=False).encode("utf-8")
    assert "\\u0000" not in json.dumps(plain)


def a_sop(**public: Any) -> dict[str, Any]:
    nodes = [
        {"id": name, "type": kind, "label": name} for name, kind in (("a", "trigger"), ("b", "task"), ("c", "end"))
    ]
    return {
        "meta": {"id": "x", "title": "T", "version": "1", "goal": "g", "purpose": "p", "owner": [], "created": None},
        "public": {
            "triggers": [{"type": "manual", "description": "d", "config": None, "endpoint": ""}],
            "nodes": nodes,
            "edges": [
                {"source": "a", "target": "b", "condition": "next"},
                {"source": "b", "target": "c", "condition": "next"},
            ],
            **public,
        },
        "private": {"skills": [], "steps": []},
    }


def test_what_can_mean_one_thing_only_is_settled_without_asking() -> None:
    raw = a_sop(
        variables=[{"key": "order", "value": "7"}],
        clarification_requests=[{"id": "q", "question": word, "importance": "low"} for word in ("A?", "B?")],
    )
    raw["public"]["nodes"][1] |= {"isBranchRoot": False, "children": [], "iterator": ""}
    raw["public"]["edges"] *= 2
    reading = read_sop(json.dumps(raw), job_id=JOB, now=NOW)
    assert reading.faults == ()
    assert reading.value is not None
    sop = reading.value
    assert (sop.meta.version, sop.meta.created) == ("1.0.0", "2026-11-24T12:00:00+00:00")
    assert UUID(sop.meta.id).version == 4
    assert sop.public.variables == {"order": "7"}
    assert len(sop.public.edges) == 2
    assert [item.id for item in sop.public.clarification_requests or ()] == ["question-1", "question-2"]


def test_what_could_mean_two_things_is_a_fault() -> None:
    raw = a_sop(variables=[{"key": "k", "value": "1"}, {"key": "k", "value": "2"}])
    assert "variables" in read_sop(json.dumps(raw), job_id=JOB, now=NOW).faults[0]
    raw = a_sop()
    raw["public"]["nodes"][1]["children"] = ["c"]
    assert "only a loop has" in read_sop(json.dumps(raw), job_id=JOB, now=NOW).faults[0]


def test_a_write_is_due_at_a_new_stage_after_ten_seconds_of_movement_or_thirty_of_none() -> None:
    throttle = Throttle()
    assert throttle.due(Stage.TRANSCRIBING, 50, now=0)
    throttle.wrote(Stage.TRANSCRIBING, 50, now=0)
    assert not throttle.due(Stage.TRANSCRIBING, 55, now=9.9)
    assert throttle.due(Stage.TRANSCRIBING, 55, now=10)
    assert not throttle.due(Stage.TRANSCRIBING, 50, now=29)
    assert throttle.due(Stage.TRANSCRIBING, 50, now=30)
    assert throttle.due(Stage.PARSING_SOP, 70, now=0.1)


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
    keys = [transcript_key(sha, prompt=p, model=m) for sha in "ab" for p in (one, two) for m in "mn"]
    keys += [transcript_key("a", prompt=one, model="m", chunk=s) for s in ((0.0, 5.0), (0.0, 6.0))]
    keys += [sop_key(sha, prompt=p, model=m) for sha in "ab" for p in (one, two) for m in "mn"]
    assert len(set(keys)) == 18


@given(st.recursive(st.none() | st.integers() | st.text(), lambda inner: st.dictionaries(st.text(), inner)))
def test_an_unreadable_checkpoint_is_an_empty_one(value: Any) -> None:
    assert read_checkpoint(value).transcript is None


def test_the_price_of_a_day_is_taken_and_an_unknown_one_is_not_guessed() -> None:
    before, after = price_of("gemini-3.8-flash", date(2026, 12, 31)), price_of("gemini-3.8-flash", date(2027, 1, 1))
    assert before is not None
    assert after is not None
    assert after.input == 2 * before.input
    usage = CallUsage("gemini-3.8-flash", input_tokens=1_000_000, output_tokens=100_000, cached_tokens=500_000)
    assert float(cost(usage, date(2026, 11, 24)) or 0) == pytest.approx(0.375 + 0.0375 + 0.375)
    assert cost(CallUsage("someone-else", 1, 1), date(2026, 11, 24)) is None


@dataclass
class Scripted:
    """A model that gives the answers it was given."""

    answers: list[str]
    questions: list[Question] = field(default_factory=list)

    async def open(self) -> None:
        raise AssertionError("whoever only asks need not open it")

    def uploaded(self, video: Path, *, name: str) -> AbstractAsyncContextManager[UploadedVideo]:
        raise AssertionError(f"nothing is shown to the model here: {video} as {name}")

    async def ask(self, question: Question, *, video: UploadedVideo | None = None, on_usage: Any) -> Answer:
        assert video is None
        on_usage(CallUsage("m", 1, 1))
        self.questions.append(question)
        return Answer(self.answers.pop(0))


async def asked(model: Scripted) -> str:
    def read(text: str) -> Reading[str]:
        return Reading(text, tuple(f"fault {number}" for number in range(30)) if text == "bad" else ())

    question = Question(model="m", instruction="i", text="t", schema={}, max_output_tokens=1)
    return await ask_and_repair(model, question, read, video=None, on_usage=lambda _: None, stage="SOP")


async def test_a_repair_names_the_first_twenty_faults_and_the_answer_they_are_in() -> None:
    model = Scripted(["bad", "good"])
    assert await asked(model) == "good"
    (exchange,) = model.questions[1].exchanges
    assert exchange.answer == "bad"
    assert "fault 19" in exchange.complaint
    assert "fault 20" not in exchange.complaint
    assert "10 more" in exchange.complaint


async def test_there_is_one_repair_and_no_second() -> None:
    model = Scripted(["bad", "bad", "good"])
    with pytest.raises(Failed, match="fault 0; fault 1; fault 2") as failed:
        await asked(model)
    assert failed.value.reason is Reason.INVALID_OUTPUT
    assert len(model.questions) == 2


@pytest.mark.parametrize("name", ["missing.md", "../secret.md", "/etc/passwd", ""])
def test_a_prompt_that_is_not_installed_is_told_with_those_that_are(name: str) -> None:
    with pytest.raises(Failed) as failed:
        load_prompt(name)
    assert failed.value.reason is Reason.PROMPT_MISSING
    assert name != "missing.md" or "sop_parser_v0.7.md" in failed.value.detail


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (MediaToolFailed("ffmpeg did not finish within 60 s."), Reason.MEDIA_TOOL_FAILED),
        (MediaToolFailed("No room.", disk_full=True), Reason.DISK_FULL),
        (SandboxUnavailable("This machine has no Landlock."), Reason.SANDBOX_UNAVAILABLE),
        (OSError(errno.ENOSPC, "No space left on device"), Reason.DISK_FULL),
        (OSError(errno.EACCES, "a path"), Reason.INTERNAL),
        (ZeroDivisionError("a key may stand here"), Reason.INTERNAL),
    ],
)
def test_every_error_of_a_run_has_its_reason(error: Exception, reason: Reason) -> None:
    failed = as_failed(error)
    assert failed.reason is reason
    assert "key" not in failed.detail
