"""parsing_sop: the transcript becomes a SOP. The model sees text only here."""

import asyncio
import logging
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from runops.failures import Failed, Reason
from runops.progress import Stage
from runops.quality import SopQuality
from runops.sop import Sop
from runops.sop_as_stored import sop_as_stored
from runops.sop_versions.align import aligned_ids, with_ids
from runops.transcript_gaps import gaps_in
from runops_worker.checkpoint.format import Checkpoint, SlimDone, SopTried
from runops_worker.checkpoint.store import CheckpointStore
from runops_worker.context import Context
from runops_worker.model.ask import IncompleteAnswer, NoUsableAnswer, Reading, ask_and_repair, failure_of
from runops_worker.model.protocol import AnswerEnd, ModelOut, Question
from runops_worker.reporting.stage_progress import StageProgress
from runops_worker.sop.add_questions import add_questions
from runops_worker.sop.evidence.check_evidence import CheckedSop, check_evidence, evidence_object
from runops_worker.sop.evidence.number_items import numbered
from runops_worker.sop.evidence.step_support import STEPS
from runops_worker.sop.gap_questions import gap_questions
from runops_worker.sop.given_answers import NO_ANSWERS, GivenAnswers
from runops_worker.sop.long.long_request import Way, compact_question, notes_question, way_for
from runops_worker.sop.long.section_notes import section_notes
from runops_worker.sop.loss_questions import loss_questions
from runops_worker.sop.mask_sop import mask_sop, without_told_instruction
from runops_worker.sop.read_sop import AnsweredSop, read_sop
from runops_worker.sop.sop_request import sop_question
from runops_worker.sop.stored_sop import SopObject, StoredSop
from runops_worker.transcription.stored_transcript import Transcript

__all__ = ["parse_sop", "sop_quality"]

_LOG = logging.getLogger(__name__)
_TRIES = 2


async def parse_sop(
    context: Context,
    checkpoint: CheckpointStore,
    progress: StageProgress,
    *,
    slim: SlimDone,
    transcript: Transcript,
    answers: GivenAnswers = NO_ANSWERS,
    has_sop: bool = False,
) -> SopObject:
    """Return the SOP of a transcript, and store it.

    Parameters
    ----------
    context, checkpoint, progress
        Of the run.
    slim
        The slim video; the SOP asks about what of the recording it does not have.
    transcript
        Of the slim video.
    answers
        Answers to questions of an earlier SOP.
    has_sop
        Whether a SOP of ours is in the table. Then the generated one on which it rests is kept, and steps that are
        there again keep their ids.

    Raises
    ------
    Failed
        The model gave no SOP that keeps the rules; the sentence names the first faults.
    """
    await progress.enter(Stage.PARSING_SOP)
    stored = StoredSop(task=context.task, storage=context.storage, checkpoint=checkpoint, answers=answers)
    # Also where no other SOP is generated: people may have edited that of an attempt that did not end, or that left its
    # checkpoint behind.
    before = await stored.before() if has_sop else None
    earlier = await stored.find(transcript.sha256)
    if earlier is not None:
        _LOG.info("using the SOP of an earlier attempt")
        return earlier
    asked = await _ask_in_turn(
        context, checkpoint, progress, transcript=transcript, answers=answers, key=stored.key(transcript.sha256)
    )
    answered = asked.answered
    # Seconds of work for a long recording: beside the loop, or the heartbeat and a cancel would wait for it.
    checked, complete, hidden = await asyncio.to_thread(
        _finished,
        answered,
        transcript.items,
        slim=slim,
        answers=answers,
        named=asked.named,
        instruction=context.task.sop_prompt.text,
        redaction=context.task.redaction,
    )
    ids = _ids_of_before(complete, before)
    sop = SopObject.of(with_ids(complete, ids).dump())
    progress.advance(Stage.PARSING_SOP, 0.9)
    quality = sop_quality(
        complete,
        checked,
        fixed=len(answered.fixes),
        hidden_secrets=hidden,
        fallback_model=asked.model if asked.model != context.task.sop_model else None,
    )
    await stored.save(
        sop,
        evidence=evidence_object(
            {ids.get(name, name): items for name, items in checked.evidence.items()}, transcript.items, answers.listed
        ),
        transcript_sha256=transcript.sha256,
        quality=quality,
    )
    _LOG.info(
        "the SOP is in storage",
        extra={
            "model": asked.model,
            "nodes": len(sop.value["public"]["nodes"]),
            "fixes": quality.fixed,
            "steps_with_evidence": quality.steps_with_evidence,
            "steps_removed": quality.steps_removed,
            "literals_removed": quality.literals_removed,
        },
    )
    return sop


def _ids_of_before(sop: Sop, before: Any) -> dict[str, str]:
    """Return the ids for the nodes of a SOP; those of the same steps before, where that is known. Pure."""
    earlier = sop_as_stored(before) if isinstance(before, dict) else None
    return {} if earlier is None else aligned_ids(sop.public.nodes, earlier.public.nodes)


def _finished(
    answered: AnsweredSop,
    items: list[dict[str, Any]],
    *,
    slim: SlimDone,
    answers: GivenAnswers,
    named: AbstractSet[str] | None,
    instruction: str,
    redaction: bool,
) -> tuple[CheckedSop, Sop, int]:
    """Hold the SOP against the transcript, ask what is open, and hide instructions and secrets. Pure.

    Returns
    -------
    tuple
        What the comparison found, the SOP to store, and how many secrets were hidden in it.
    """
    marks = {index for index, item in enumerate(items) if gaps_in([item])}
    sop, told = without_told_instruction(answered.sop, instruction, answered.wording)
    checked = check_evidence(
        sop,
        answered.cited,
        items,
        marks=marks,
        inserted=answered.inserted,
        named=None if named is None else named | answers.ids,
        answers=answers.listed,
        wording=answered.wording,
    )
    wording = answered.wording
    lost = loss_questions(slim.losses, wording, seconds=slim.duration_seconds)
    asking = add_questions(checked.sop, [*told, *lost, *gap_questions(gaps_in(items), wording)])
    complete = answers.without_answered(asking)
    return (checked, *mask_sop(complete)) if redaction else (checked, complete, 0)


def sop_quality(
    sop: Sop, checked: CheckedSop, *, fixed: int = 0, hidden_secrets: int, fallback_model: str | None = None
) -> SopQuality:
    """Return what a SOP consists of, and what was fixed in it and removed from it. Pure."""
    steps = [node.id for node in sop.public.nodes if node.type in STEPS]
    return SopQuality(
        fixed=fixed,
        steps=len(steps),
        steps_with_evidence=sum(name in checked.evidence for name in steps),
        steps_removed=checked.steps_removed,
        literals_removed=checked.literals_removed,
        questions=len(sop.public.clarification_requests or []),
        hidden_secrets=hidden_secrets,
        fallback_model=fallback_model,
    )


@dataclass(frozen=True, slots=True)
class _Asked:
    """The SOP of an answer, the model that gave it, and the items of the transcript it was told of (None for all)."""

    answered: AnsweredSop
    model: str
    named: AbstractSet[str] | None


async def _ask_in_turn(
    context: Context,
    checkpoint: CheckpointStore,
    progress: StageProgress,
    *,
    transcript: Transcript,
    answers: GivenAnswers,
    key: str,
) -> _Asked:
    """Ask one model after the other until one gives a SOP; those that an earlier attempt asked are not asked again."""
    saved = checkpoint.state.sop_tried
    tried = saved if saved is not None and saved.key == key else SopTried(key=key)
    waiting = [name for name in context.task.sop_models if name not in tried.models]
    if not waiting:
        # The earlier attempt had other fallback models.
        tried, waiting = SopTried(key=key), list(context.task.sop_models)
    while waiting:
        try:
            return await _ask(context, checkpoint, progress, transcript=transcript, answers=answers, models=waiting)
        except ModelOut as out:
            if out.reason is not Reason.MODEL_NOT_FOUND or not tried.models:
                raise
            # Those that are left do not exist. The reason of the failure is what the others answered.
            waiting = []
        except NoUsableAnswer as failed:
            tried = SopTried(key=key, models=(*tried.models, failed.model), failure=failed.reason, detail=failed.detail)
            waiting = waiting[waiting.index(failed.model) + 1 :]
            if waiting:
                _LOG.warning(
                    "a model gave no SOP, asking the next one",
                    extra={"model": failed.model, "why": failed.reason, "next": waiting[0]},
                )
                await checkpoint.save(partial(Checkpoint.with_sop_tried, tried=tried))
    if saved is not None or len(tried.models) > 1:
        # Another attempt asks all of them again.
        await checkpoint.save(partial(Checkpoint.with_sop_tried, tried=None))
    raise Failed(tried.failure, tried.detail)


async def _ask(
    context: Context,
    checkpoint: CheckpointStore,
    progress: StageProgress,
    *,
    transcript: Transcript,
    answers: GivenAnswers,
    models: Sequence[str],
) -> _Asked:
    def read(text: str) -> Reading[AnsweredSop]:
        progress.advance(Stage.PARSING_SOP, 0.6)
        return read_sop(text, job_id=context.task.job_id, now=context.now(), language=context.task.sop_language)

    model = models[0]
    for tries in range(_TRIES):
        try:
            question, named = await _question(
                context, checkpoint, transcript=transcript, was_cut_off=tries > 0, models=models
            )
            asked = await ask_and_repair(
                context.model,
                answers.added_to(question),
                read,
                video=None,
                on_usage=checkpoint.call_counter(Stage.PARSING_SOP),
                stage="SOP",
            )
        except IncompleteAnswer as incomplete:
            model = incomplete.answer.model or model
            if incomplete.answer.end not in {AnswerEnd.CUT_OFF, AnswerEnd.LOOPED}:
                raise failure_of(incomplete.answer, model=model) from incomplete
            _LOG.warning("the SOP was cut off", extra={"model": model})
        else:
            return _Asked(asked.value, asked.model, named)
    raise NoUsableAnswer(
        Reason.OUTPUT_CUT_OFF,
        f"The SOP that {model} gave was cut off, {_TRIES} times. Split the recording, or choose another model.",
        model=model,
    )


async def _question(
    context: Context,
    checkpoint: CheckpointStore,
    *,
    transcript: Transcript,
    was_cut_off: bool,
    models: Sequence[str],
) -> tuple[Question, AbstractSet[str] | None]:
    """Return the question for the SOP, and which items it names (None for all).

    For a long recording, the model is asked for notes about its sections before.
    """
    task, items = context.task, numbered(transcript.items)
    named: AbstractSet[str] | None = None
    match way_for(items, was_cut_off=was_cut_off):
        case Way.FULL:
            question = sop_question(task, items)
        case Way.COMPACT:
            question = compact_question(task, items)
        case Way.SECTIONS:
            notes = await section_notes(
                items,
                models=models,
                key_model=task.sop_model,
                redaction=task.redaction,
                model=context.model,
                checkpoint=checkpoint,
            )
            _LOG.info("the SOP is made of notes about sections", extra={"sections": len(notes)})
            question = notes_question(task, notes)
            named = frozenset().union(*(section.items for section in notes))
    return replace(question, model=models[0], fallback=tuple(models[1:])), named
