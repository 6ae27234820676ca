"""Builds what a cluster needs, in the background if that takes minutes."""

import threading
from collections.abc import Callable

from devstack import cluster as local_cluster
from devstack import images

__all__ = ["BackgroundBuild"]


class BackgroundBuild:
    """The build of the cluster's programs and of both images.

    Parameters
    ----------
    progress
        Receives each step.
    """

    def __init__(self, progress: Callable[[str], None]) -> None:
        self.unavailable: str | None = None
        """Why this machine cannot run a cluster; None if it can."""
        self.started = False
        self._progress = progress
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._build, daemon=True)

    def must_compile(self) -> bool:
        """Whether a cluster can run here but some of its programs are not compiled yet."""
        try:
            return not local_cluster.is_built()
        except local_cluster.ClusterUnavailable as error:
            self.unavailable = str(error)
            return False

    def start(self) -> None:
        """Start it in the background."""
        self.started = True
        self._thread.start()

    def finish(self) -> None:
        """Wait for the end of the build, or build now if it was not started."""
        if self.unavailable is not None:
            return
        if self.started:
            while self._thread.is_alive():
                self._thread.join(timeout=1)
        else:
            self._build()
        if self._error is not None:
            raise self._error

    def _build(self) -> None:
        try:
            local_cluster.ensure_all(progress=self._progress)
            for program in ("operator", "worker"):
                images.build(program, progress=self._progress)
        except local_cluster.ClusterUnavailable as error:
            self.unavailable = str(error)
        except Exception as error:  # noqa: BLE001 - raised again in the main thread
            self._error = error
