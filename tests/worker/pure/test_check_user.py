"""A SOP goes to the user of its row and to nobody else."""

from uuid import UUID

import pytest

from runops.failures import Failed, Reason
from runops_worker.check_row import check_user

ONE, OTHER = UUID(int=1), UUID(int=2)


@pytest.mark.parametrize(("of_row", "of_task"), [(None, None), (None, ONE), (ONE, ONE)])
def test_a_task_for_the_user_of_the_row_is_accepted(of_row: UUID | None, of_task: UUID | None) -> None:
    check_user(of_row=of_row, of_task=of_task)


@pytest.mark.parametrize(("of_task", "named"), [(None, "names no user"), (OTHER, "names another user")])
def test_a_task_for_another_user_or_for_everybody_is_refused(of_task: UUID | None, named: str) -> None:
    with pytest.raises(Failed, match=named) as failed:
        check_user(of_row=ONE, of_task=of_task)
    assert failed.value.reason is Reason.INVALID_USER
