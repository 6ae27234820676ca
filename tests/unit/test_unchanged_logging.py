"""A program that sets up its logging in one test does not change that of the next one."""

import logging
from uuid import uuid4

import pytest

from runops_cli.terminal.log_output import configure_logs
from tests.unchanged_logging import unchanged_logging


def test_levels_that_a_program_sets_are_set_back() -> None:
    with unchanged_logging():
        configure_logs(verbose=False)
        assert not logging.getLogger("runops").isEnabledFor(logging.WARNING), "the test sees nothing otherwise"
    assert logging.getLogger("runops").isEnabledFor(logging.WARNING)


def test_the_handler_that_a_program_adds_is_removed_and_the_others_stay() -> None:
    before = logging.StreamHandler()
    logging.root.addHandler(before)
    try:
        with unchanged_logging():
            added = logging.StreamHandler()
            logging.root.addHandler(added)
        assert before in logging.root.handlers
        assert added not in logging.root.handlers
    finally:
        logging.root.removeHandler(before)


def test_a_logger_that_was_made_meanwhile_gets_no_level() -> None:
    name = f"runops.{uuid4()}"
    with unchanged_logging():
        logging.getLogger(name).setLevel(logging.CRITICAL)
    assert logging.getLogger(name).level == logging.NOTSET


def test_every_test_has_it(request: pytest.FixtureRequest) -> None:
    assert {"logging_stays", "logging_stays_beyond_a_file"} <= set(request.fixturenames)
