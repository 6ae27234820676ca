"""What a smoke test found, as findings of `runops check`. Pure."""

import re
from datetime import UTC, date, datetime
from typing import Final

from runops.failures import TABLE, Reason
from runops.supabase.probe import Finding
from runops.transcript import AudioItem
from runops_worker.gemini.judge_error import Verdict
from runops_worker.model.estimate import picture_tokens
from runops_worker.model.prices import cost
from runops_worker.model.protocol import AnswerEnd, CallUsage
from runops_worker.smoke_test.calls import CLIP_SECONDS, SMOKE_JOB
from runops_worker.smoke_test.run import CallEnd, SmokeResult
from runops_worker.sop.read_sop import read_sop
from runops_worker.transcription.heard_answer import heard

__all__ = ["findings", "refused_part"]

_LEAST_SHARE: Final = 0.5
_PARTS: Final = (
    ("the thinking level", re.compile(r"thinking", re.IGNORECASE)),
    ("store: false", re.compile(r"\bstore\b", re.IGNORECASE)),
    ("HIGH resolution", re.compile(r"media_?resolution", re.IGNORECASE)),
    ("the schema of the answer", re.compile(r"schema|too many states", re.IGNORECASE)),
)
_REMEDIES: Final = {
    "the thinking level": "Choose a model that takes the levels low and medium: the worker sends them with each call.",
    "store: false": "Choose another model, or a gateway (GOOGLE_GEMINI_BASE_URL) that passes `store` on. Without it, "
    "Gemini may keep what it is sent.",
    "HIGH resolution": "Choose a model that takes it: the worker sends it with each clip.",
    "the schema of the answer": "Videos still run: the worker asks again without the schema, at the price of a second "
    "request and of worse answers. Choose another model if that is not wanted.",
}
_BY_REASON: Final = {
    Reason.QUOTA_EXCEEDED: "Wait until the quota is free again, or raise it; then check again.",
    Reason.MODEL_NOT_FOUND: "Choose a model that exists with --model, --sop-model or --fallback-model.",
    Reason.MODEL_UNAVAILABLE: "Check again later.",
    Reason.MODEL_TIMEOUT: "Check again later.",
    Reason.MODEL_KEY_REJECTED: "Put a valid key into GOOGLE_GEMINI_API_KEY (aistudio.google.com, Get API key).",
}


def findings(result: SmokeResult, *, on: date) -> list[Finding]:
    """Return the findings: of the upload, of each call, and of the deletion.

    Parameters
    ----------
    result
        How the calls ended.
    on
        The day, for prices.
    """
    found: list[Finding] = []
    if result.upload_failure is not None:
        found.append(_failure("paid: upload", result.upload_failure))
    elif result.is_deleted:
        found.append(_good("paid: upload", "a clip of 10 s was taken, and deleted afterwards"))
    else:
        remedy = "It expires within 48 hours. Look whether something between here and Gemini refuses DELETE."
        found.append(_problem("paid: upload", "The clip was taken, but could not be deleted.", remedy))
    for end in result.ends:
        found += _of_call(end, on=on)
    return found


def _of_call(end: CallEnd, *, on: date) -> list[Finding]:
    name = f"paid: {end.call.model}"
    what = "transcript" if end.call.is_about_clip else "SOP"
    level = end.call.question.thinking
    pictures = _pictures(name, end) if end.call.is_about_clip else []
    if end.answer is None and end.usage is None:
        assert end.failure is not None
        return [_failure(f"{name}, {what}", end.failure)]
    sent = "the schema, store: false, HIGH resolution and" if end.call.is_about_clip else "the schema, store: false and"
    accepted = _good(f"{name}, {what}", f"{sent} thinking level {level} were accepted{_bill(end.usage, on=on)}")
    answer = _transcript_answer(name, end) if end.call.is_about_clip else _sop_answer(name, end)
    return [accepted, *pictures, *answer]


def refused_part(sentence: str) -> str | None:
    """Return which part of the request a sentence of the API refuses; None where it names none that is known."""
    return next((part for part, pattern in _PARTS if pattern.search(sentence)), None)


def _failure(name: str, verdict: Verdict) -> Finding:
    if verdict.reason is Reason.MODEL_REFUSED_REQUEST and (part := refused_part(verdict.text)) is not None:
        return _problem(name, f"{part} was refused. {verdict.text}"[:400], _REMEDIES[part])
    return _problem(name, verdict.text, _BY_REASON.get(verdict.reason, TABLE[verdict.reason].remedy))


def _pictures(name: str, end: CallEnd) -> list[Finding]:
    usage = end.usage
    if usage is None:
        return []
    name = f"{name}, pictures"
    each = usage.video_tokens / CLIP_SECONDS
    high = picture_tokens(usage.model) or picture_tokens(end.call.model) or 280
    if not usage.video_tokens:
        remedy = "The worker does not believe answers about pictures that were not counted. Choose another model."
        return [_problem(name, "No VIDEO tokens were counted: the model may not have seen the clip.", remedy)]
    if each < high * _LEAST_SHARE:
        remedy = (
            "Videos still run, but small print on the screen may be lost. Choose a model that takes HIGH resolution."
        )
        return [_problem(name, f"A picture counts {each:.0f} tokens instead of {high}: HIGH has no effect.", remedy)]
    return [_good(name, f"a picture counts {each:.0f} tokens, as HIGH resolution does")]


def _transcript_answer(name: str, end: CallEnd) -> list[Finding]:
    sound, answer = f"{name}, sound", f"{name}, answer"
    if end.answer is None or end.answer.end is not AnswerEnd.COMPLETE:
        return [_unusable(answer, end)]
    read = heard(end.answer, length=CLIP_SECONDS)
    spoken = [item for item in read.items if isinstance(item, AudioItem)]
    counted = 0 if end.usage is None else end.usage.audio_tokens
    found = []
    if counted or spoken:
        found.append(_good(sound, f"{counted} AUDIO tokens; {len(spoken)} items of what is said"))
    else:
        remedy = "What people say would be lost. Choose another model."
        found.append(_problem(sound, "No AUDIO tokens were counted, and no speech was transcribed.", remedy))
    if read.unusable is not None or not read.items:
        why = read.unusable or "It has no item."
        found.append(_problem(answer, f"It cannot be read: {why}", "Check again, or choose another model."))
    else:
        odd = f"; {len(read.unsettled)} could not be read" if read.unsettled else ""
        found.append(_good(answer, f"{len(read.items)} items were read{odd}"))
    return found


def _sop_answer(name: str, end: CallEnd) -> list[Finding]:
    name = f"{name}, SOP answer"
    if end.answer is None or end.answer.end is not AnswerEnd.COMPLETE:
        return [_unusable(name, end)]
    reading = read_sop(end.answer.text, job_id=SMOKE_JOB, now=datetime.now(UTC))
    if reading.value is None or (reading.faults and not reading.is_usable):
        return [_problem(name, f"It cannot be read: {reading.faults[0]}", "Check again, or choose another model.")]
    return [_good(name, f"a SOP of {len(reading.value.sop.public.nodes)} nodes was read")]


def _unusable(name: str, end: CallEnd) -> Finding:
    if end.answer is None:
        assert end.failure is not None
        return _failure(name, end.failure)
    word = f" ({end.answer.detail})" if end.answer.detail else ""
    return _problem(name, f"The answer is {end.answer.end}{word}.", "Check again, or choose another model.")


def _bill(usage: CallUsage | None, *, on: date) -> str:
    if usage is None:
        return ""
    dollars = cost(usage, on)
    price = "at a price that is not known" if dollars is None else f"{dollars:.4f} USD"
    return f"; {usage.input_tokens} + {usage.output_tokens} tokens, {price}"


def _good(name: str, detail: str) -> Finding:
    return Finding(name=name, ok=True, detail=detail)


def _problem(name: str, detail: str, remedy: str) -> Finding:
    return Finding(name=name, ok=False, detail=detail, remedy=remedy)
