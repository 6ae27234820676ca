"""A program that sets levels of loggers in one test does not hide log records from the next one."""

import logging
from uuid import uuid4

import pytest

from runops_cli.terminal.log_output import configure_logs
from tests.log_levels import unchanged_log_levels


def test_levels_that_a_program_sets_are_set_back() -> None:
    with unchanged_log_levels():
        configure_logs(verbose=False)
        assert not logging.getLogger("runops").isEnabledFor(logging.WARNING), "the test sees nothing otherwise"
    assert logging.getLogger("runops").isEnabledFor(logging.WARNING)


def test_a_logger_that_was_made_meanwhile_gets_no_level() -> None:
    name = f"runops.{uuid4()}"
    with unchanged_log_levels():
        logging.getLogger(name).setLevel(logging.CRITICAL)
    assert logging.getLogger(name).level == logging.NOTSET


def test_every_test_has_it(request: pytest.FixtureRequest) -> None:
    assert "log_levels_stay" in request.fixturenames
