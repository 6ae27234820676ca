"""What decides, before each call to a model, whether and when it is made."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from uuid import UUID

from runops.failures import Failed
from runops_worker.model.estimate import CallEstimate
from runops_worker.model.protocol import Answer, CallUsage, Model, Question, UploadedVideo

__all__ = ["OPEN_GATE", "CallGate", "CallResult", "GateableModel", "GatedModel", "Gates"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallResult:
    """How a call ended that a gate had let pass.

    Attributes
    ----------
    estimate
        The object that the gate was given before the call; by it the gate knows the call again.
    usage
        What was billed; None where nothing was, as far as is known.
    failure
        Why there is no answer, with the wait that the service asked for; None for an answer of any kind, and for a call
        that was cancelled.
    """

    estimate: CallEstimate
    usage: CallUsage | None = None
    failure: Failed | None = None
    made: bool = True


class CallGate(Protocol):
    """Is asked before each call, those that repeat a failed one included, and hears how it ended."""

    async def before(self, question: Question, *, estimate: CallEstimate) -> None:
        """Return once the call may be made.

        Parameters
        ----------
        question
            What will be asked.
        estimate
            Its tokens.

        Raises
        ------
        Failed
            The call must not be made.
        """
        ...

    def after(self, result: CallResult) -> None:
        """Hear how a call ended. It is called once for each `before` that returned, however the call ended."""
        ...


class _OpenGate:
    """Lets every call pass."""

    async def before(self, question: Question, *, estimate: CallEstimate) -> None:
        """Return at once."""

    def after(self, result: CallResult) -> None:
        """Do nothing."""


OPEN_GATE: CallGate = _OpenGate()


class Gates:
    """Several gates as one.

    Parameters
    ----------
    gates
        They are asked in this order. Those that let a call pass which a later one stops hear that it was not made.
    """

    def __init__(self, gates: Sequence[CallGate]) -> None:
        self._gates = tuple(gates)

    async def before(self, question: Question, *, estimate: CallEstimate) -> None:
        """Return once all gates let the call pass; see `CallGate.before`."""
        passed: list[CallGate] = []
        try:
            for gate in self._gates:
                await gate.before(question, estimate=estimate)
                passed.append(gate)
        except BaseException:
            for gate in passed:
                gate.after(CallResult(estimate=estimate, made=False))
            raise

    def after(self, result: CallResult) -> None:
        """Tell all gates how the call ended."""
        for gate in self._gates:
            gate.after(result)


class GateableModel(Model, Protocol):
    """A model that asks a gate before each call."""

    async def ask(
        self,
        question: Question,
        *,
        video: UploadedVideo | None = None,
        on_usage: Callable[[CallUsage], None],
        gate: CallGate = OPEN_GATE,
    ) -> Answer:
        """Ask as `Model.ask` does; the gate is asked before each call, those that repeat a failed one included."""
        ...


class GatedModel:
    """A model for one video: each of its calls passes the gate.

    Parameters
    ----------
    model
        Answers.
    gate
        Is asked before each call.
    """

    def __init__(self, model: GateableModel, gate: CallGate) -> None:
        self._model = model
        self._gate = gate

    async def check(self, *models: str) -> None:
        """See `Model.check`."""
        await self._model.check(*models)

    async def open(self) -> None:
        """See `Model.open`."""
        await self._model.open()

    def uploaded(
        self, video: Path, *, job_id: UUID, seconds: float, fps: int
    ) -> AbstractAsyncContextManager[UploadedVideo]:
        """See `Model.uploaded`."""
        return self._model.uploaded(video, job_id=job_id, seconds=seconds, fps=fps)

    async def ask(
        self, question: Question, *, video: UploadedVideo | None = None, on_usage: Callable[[CallUsage], None]
    ) -> Answer:
        """See `Model.ask`."""
        return await self._model.ask(question, video=video, on_usage=on_usage, gate=self._gate)
