"""kopf tells of broken watches in its log only; that is where they are counted."""

import logging
from collections.abc import Iterator

import pytest

from runops_operator.informer.watch_errors import WatchErrors


@pytest.fixture
def counted() -> Iterator[list[str]]:
    seen: list[str] = []
    handler = WatchErrors(seen.append)
    handler.attach()
    yield seen
    logging.getLogger("kopf").removeHandler(handler)


@pytest.mark.parametrize(
    ("url", "resource"),
    [
        ("/apis/runops.dev/v1alpha1/namespaces/runops/videojobs", "videojobs"),
        ("/apis/batch/v1/namespaces/runops/jobs", "jobs"),
        ("/version", "other"),
    ],
)
def test_an_error_is_counted_by_what_was_watched(url: str, resource: str, counted: list[str]) -> None:
    logging.getLogger("kopf.clients.api").error("Request attempt #%s failed: GET %s", "1/9", url)
    assert counted == [resource]


def test_errors_of_other_libraries_are_not_counted(counted: list[str]) -> None:
    logging.getLogger("asyncio").error("Task failed: /jobs")
    assert counted == []


def test_what_is_no_error_is_not_counted(counted: list[str]) -> None:
    logging.getLogger("kopf.clients.watching").warning("Reconnecting to /jobs")
    assert counted == []
