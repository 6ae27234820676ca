"""Gives loggers back as a test found them: programs that run in the test's process set levels of loggers."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["unchanged_log_levels"]


@contextmanager
def unchanged_log_levels() -> Iterator[None]:
    """Set the level of every logger, and of the root logger, back to what it was at entry.

    A logger that was made meanwhile gets no level, as a new logger has.
    """
    before = {name: logger.level for name, logger in _loggers()}
    yield
    for name, logger in _loggers():
        logger.setLevel(before.get(name, logging.NOTSET))


def _loggers() -> list[tuple[str, logging.Logger]]:
    # The manager also keeps placeholders for parents of loggers that nobody asked for.
    named = [(name, it) for name, it in logging.root.manager.loggerDict.items() if isinstance(it, logging.Logger)]
    return [("", logging.root), *named]
