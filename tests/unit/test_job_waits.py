"""Which wait belongs to which row, where Jobs name none."""

import pytest

from benchmarks.job_waits import paired


def test_the_oldest_row_gets_the_next_job() -> None:
    assert paired([10.0, 0.0, 5.0], [30.0, 30.5, 12.0]) == [12.0, 25.0, 20.5]


def test_a_row_without_a_job_is_not_passed_over() -> None:
    with pytest.raises(ValueError, match="shorter"):
        paired([0.0, 1.0], [2.0])
