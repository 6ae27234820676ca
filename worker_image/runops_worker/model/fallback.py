"""Asks the next model where one is retired or overloaded, and remembers that for the run."""

import logging
import math
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final
from uuid import UUID

from runops.failures import Reason
from runops_worker.model.protocol import Answer, CallUsage, Model, ModelOut, Question, UploadedVideo

__all__ = ["OVERLOADED_SECONDS", "ModelWithFallback", "no_model_left"]

_LOG = logging.getLogger(__name__)

OVERLOADED_SECONDS: Final = 600.0
"""How long a model that was overloaded is not asked. Each question would spend two minutes of waits on it otherwise."""


@dataclass(frozen=True, slots=True)
class _Out:
    """A model that is not asked until a time, and why."""

    until: float
    failure: ModelOut


def no_model_left(failures: Mapping[str, ModelOut]) -> ModelOut:
    """Return the failure of a question that none of its models can answer. Pure.

    An overloaded model may answer later, so its failure has precedence over that of a model that does not exist.

    Parameters
    ----------
    failures
        Why each model is out, by its name; at least one.
    """
    first = next(iter(failures))
    main = next((name for name, one in failures.items() if one.reason is not Reason.MODEL_NOT_FOUND), first)
    failure = failures[main]
    others = ", ".join(name[:80] for name in failures if name != main)
    detail = f"{failure.detail} No answer from {others} either." if others else failure.detail
    return ModelOut(failure.reason, detail, retry_after=failure.retry_after)


class ModelWithFallback:
    """A model that asks the fallback models of a question where its first model is retired or overloaded.

    It remembers which models are out, for one run: the names are those of one task, so they are few.

    Parameters
    ----------
    model
        Makes the calls.
    clock
        A monotonic clock, in seconds.
    """

    def __init__(self, model: Model, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._model = model
        self._clock = clock
        self._out: dict[str, _Out] = {}

    async def check(self, *models: str) -> None:
        """Find out which of the models exist; one that does not is not asked in this run.

        Parameters
        ----------
        models
            A model and its fallback models.

        Raises
        ------
        ModelOut
            `ModelNotFound`, where none of them exists.
        Failed
            `ModelKeyRejected`.
        """
        missing: dict[str, ModelOut] = {}
        for name in dict.fromkeys(models):
            try:
                await self._model.check(name)
            except ModelOut as failure:
                missing[name] = failure
                self._take_out(name, failure)
        if missing and set(models) <= set(missing):
            raise no_model_left(missing)

    async def open(self) -> None:
        """Load what is needed to ask."""
        await self._model.open()

    def uploaded(
        self, video: Path, *, job_id: UUID, seconds: float, fps: int
    ) -> AbstractAsyncContextManager[UploadedVideo]:
        """Upload a video for the time of the block; all models see it."""
        return self._model.uploaded(video, job_id=job_id, seconds=seconds, fps=fps)

    async def ask(
        self, question: Question, *, video: UploadedVideo | None = None, on_usage: Callable[[CallUsage], None]
    ) -> Answer:
        """Ask the first model of the question that is not out, and say which one it was.

        Raises
        ------
        InputTooLarge
            The input exceeds what the model takes.
        ModelOut
            Each model of the question is retired or overloaded.
        Failed
            Every other failure: no other model is asked.
        """
        failures: dict[str, ModelOut] = {}
        for name in dict.fromkeys((question.model, *question.fallback)):
            out = self._out.get(name)
            if out is not None and self._clock() < out.until:
                failures[name] = out.failure
                continue
            try:
                answer = await self._model.ask(
                    replace(question, model=name, fallback=()), video=video, on_usage=on_usage
                )
            except ModelOut as failure:
                failures[name] = failure
                self._take_out(name, failure)
                continue
            return replace(answer, model=name)
        raise no_model_left(failures)

    def _take_out(self, name: str, failure: ModelOut) -> None:
        """Remember a failure, for good where the model does not exist."""
        if failure.reason is Reason.MODEL_NOT_FOUND:
            until = math.inf
        else:
            until = self._clock() + max(OVERLOADED_SECONDS, failure.retry_after or 0.0)
        self._out[name] = _Out(until, failure)
        _LOG.warning(
            "a model is out; its fallback models are asked, if there are any",
            extra={"model": name, "why": failure.reason},
        )
