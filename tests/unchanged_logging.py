"""Gives logging back as a test found it: programs that run in the test's process set levels and handlers."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["unchanged_logging"]


@contextmanager
def unchanged_logging() -> Iterator[None]:
    """Set the level of every logger back to what it was at entry, and remove stream handlers that the root has got.

    Such a handler writes to the standard error of its test, which is closed by then: each later record would print a
    traceback. Handlers of pytest come and go with each phase of a test and are left alone. A logger that was made
    meanwhile gets no level, as a new logger has.
    """
    levels = {name: logger.level for name, logger in _loggers()}
    handlers = list(logging.root.handlers)
    yield
    for name, logger in _loggers():
        # Setting a level empties the caches of all loggers. For each logger that is 3 ms of CPU after each test.
        if logger.level != (level := levels.get(name, logging.NOTSET)):
            logger.setLevel(level)
    for handler in list(logging.root.handlers):
        if type(handler) is logging.StreamHandler and handler not in handlers:
            logging.root.removeHandler(handler)


def _loggers() -> list[tuple[str, logging.Logger]]:
    # The manager also keeps placeholders for parents of loggers that nobody asked for.
    named = [(name, it) for name, it in logging.root.manager.loggerDict.items() if isinstance(it, logging.Logger)]
    return [("", logging.root), *named]
