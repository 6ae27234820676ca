"""What is done about a deleted VideoJob is done wholly, also where a service does not answer at first."""

from typing import Any

import pytest

from runops.job_row import successor
from runops_operator.kubernetes_api.cluster import ClusterError
from runops_operator.planning.actions import Action, DeleteJob, FailRow
from runops_operator.reconcile.deletions import Deletions
from tests.operator.planning.observations import JOB_UID, NAME, TOKEN, UID, job, videojob


class _Outside:
    """A store with one deleted VideoJob and its Job, and an executor whose first write to a row is not answered."""

    def __init__(self) -> None:
        self.last: Any = videojob()
        self.known_job: Any = job()
        self.done: list[Action] = []
        self.answers = False

    def deleted(self, _name: str) -> Any:
        return self.last

    def deleted_uids(self) -> list[str]:
        return [UID]

    def job(self, _name: str) -> Any:
        return self.known_job

    def forget_deleted(self, _view: Any) -> None:
        self.last = None

    async def serves_videojobs(self, _name: str) -> bool:
        return True

    async def run(self, _name: str, _job_id: Any, action: Action) -> None:
        if isinstance(action, DeleteJob):
            self.known_job = None
        elif not self.answers:
            raise ClusterError("no answer")
        self.done.append(action)


async def test_the_row_of_the_next_attempt_is_ended_too_after_the_job_has_gone_and_a_write_was_repeated() -> None:
    outside: Any = _Outside()
    deletions = Deletions(outside, outside, outside)
    deletions.grace_seconds = 0.0
    job_id = outside.last.spec.job_id
    with pytest.raises(ClusterError):
        await deletions.end(NAME, job_id)
    outside.answers = True
    await deletions.end(NAME, job_id)
    ended = [action.token for action in outside.done if isinstance(action, FailRow)]
    assert ended == [TOKEN, successor(TOKEN, JOB_UID)]
    await deletions.end(NAME, job_id)
    assert len(ended) == len([action for action in outside.done if isinstance(action, FailRow)])
