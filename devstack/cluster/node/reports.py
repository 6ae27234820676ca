"""Listens to what the keeper of a starting node says."""

from __future__ import annotations

import json
import os
import select
from typing import IO, NoReturn

from devstack.cluster.model import ClusterUnavailable


class KeeperReports:
    """The keeper's standard output: one JSON object a line, none when all is well.

    Parameters
    ----------
    stream
        The reading end, unbuffered.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._descriptor = stream.fileno()
        self._pending = b""
        self.started = False

    def listen(self, seconds: float) -> None:
        """Wait for news, at most so long.

        Raises
        ------
        ClusterUnavailable
            The node ended; the message says which component is guilty and what it logged last.
        """
        readable, _, _ = select.select([self._descriptor], [], [], seconds)
        if not readable:
            return
        chunk = os.read(self._descriptor, 65536)
        if not chunk:
            fail("the node's keeper ended", "")
        *lines, self._pending = (self._pending + chunk).split(b"\n")
        for line in lines:
            message = json.loads(line)
            if "failed" in message:
                fail(message["failed"], message["log"])
            self.started = True


def fail(what: str, log: str) -> NoReturn:
    """Say that the node did not come up.

    Raises
    ------
    ClusterUnavailable
        Always.
    """
    ending = f"; its log ends with:\n{log}" if log else ""
    raise ClusterUnavailable(f"the local cluster did not come up: {what}{ending}")
