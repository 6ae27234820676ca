"""How `runops logs -f` ends: the kubelet reports a container's end after its log has ended."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest

from runops_cli.cluster.kubectl import Kubectl
from runops_cli.cluster.worker_logs import WorkerLogs
from runops_cli.terminal.exit_codes import Exit

pytestmark = pytest.mark.virtual_time

JOB = UUID("6f1d3a52-2f5c-4b0e-9a51-0a6b8f6f0c11")
RUNNING: dict[str, Any] = {"running": {}}
ENDED = {"terminated": {"exitCode": 0}}


@dataclass(frozen=True)
class _OnePod(Kubectl):
    """Gives one pod, whose worker is in the next of `states` at each read, at last in the last; None: it is deleted."""

    states: list[dict[str, Any] | None] = field(default_factory=list)

    async def get(self, *_arguments: str) -> dict[str, Any]:
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        if state is None:
            return {"items": []}
        containers = [{"name": "worker", "state": state}]
        return {"items": [{"metadata": {"name": "pod"}, "status": {"containerStatuses": containers}}]}

    async def lines(self, *_arguments: str) -> AsyncIterator[str]:
        yield "a line"


@pytest.mark.parametrize(
    ("states", "code", "last"),
    [
        pytest.param([RUNNING, ENDED], Exit.OK, "pod  ended with exit code 0", id="the end is known at once"),
        pytest.param(
            [RUNNING, RUNNING, RUNNING, ENDED], Exit.OK, "pod  ended with exit code 0", id="the end is known later"
        ),
        pytest.param([RUNNING, RUNNING, None], Exit.OK, "pod  is gone.", id="the pod is deleted"),
        pytest.param(
            [RUNNING],
            Exit.TIMEOUT,
            "pod  still runs, but its log was cut off. Run the command again.",
            id="only the log ended",
        ),
    ],
)
async def test_the_last_line_of_a_followed_log_is_how_its_pod_ended(
    states: list[dict[str, Any] | None], code: Exit, last: str, capsys: pytest.CaptureFixture[str]
) -> None:
    lines: list[str] = []
    logs = WorkerLogs(_OnePod(states=states), JOB, lines.append)
    assert await logs.print(previous=False, follow=True) is code
    assert lines == ["a line"]
    assert capsys.readouterr().err.splitlines()[-1] == last
