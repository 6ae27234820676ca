"""Which models a run still needs."""

from dataclasses import replace

from runops_worker.checkpoint.format import Checkpoint, SlimDone, SopDone, TranscriptDone
from runops_worker.checkpoint.keys import sop_key, transcript_key
from runops_worker.pipeline import models_to_ask
from tests.worker.fakes import PROMPT, TASK

T = replace(TASK, transcribe_model="sees", sop_model="writes")
SLIM = SlimDone(key="k", sha256="s", size_bytes=1, duration_seconds=9, frames=9, has_audio=True)
TRANSCRIPT = TranscriptDone(
    key=transcript_key(SLIM.origin, prompt=PROMPT, model="sees", redaction=T.redaction), sha256="t"
)
SOP = SopDone(key=sop_key("t", prompt=PROMPT, model="writes", redaction=T.redaction), sha256="s")


def test_a_first_attempt_needs_both() -> None:
    assert models_to_ask(T, Checkpoint()) == [("sees",), ("writes",)]
    assert models_to_ask(T, Checkpoint(slim=SLIM)) == [("sees",), ("writes",)]


def test_fallback_models_are_asked_after_the_stage_s_own_and_each_once() -> None:
    task = replace(T, fallback_models=("writes", "other"))
    assert models_to_ask(task, Checkpoint()) == [("sees", "writes", "other"), ("writes", "other")]


def test_a_model_whose_work_is_done_is_not_needed() -> None:
    assert models_to_ask(T, Checkpoint(slim=SLIM, transcript=TRANSCRIPT)) == [("writes",)]
    assert models_to_ask(T, Checkpoint(slim=SLIM, transcript=TRANSCRIPT, sop=SOP)) == []


def test_work_of_another_model_does_not_count() -> None:
    done = Checkpoint(slim=SLIM, transcript=TRANSCRIPT, sop=SOP)
    assert models_to_ask(replace(T, transcribe_model="new"), done) == [("new",), ("writes",)]
    assert models_to_ask(replace(T, sop_model="new"), done) == [("new",)]
