"""Keeps the pace in a ConfigMap, so that a new leader goes on with it."""

import logging

from pydantic import ValidationError

from runops.logs import error_text
from runops.pacing.state import PaceState
from runops_operator.kubernetes_api.cluster import ClusterError, NotFound
from runops_operator.pacing.pace_cluster import PaceCluster

__all__ = ["KeptPace"]

_log = logging.getLogger(__name__)
_KEY = "pace.json"
_WRITE_SECONDS = 5.0
_WRITE_SECONDS_AFTER_REFUSAL = 1.0


class KeptPace:
    """The ConfigMap. Where it cannot be written, the pace goes on, and a new leader begins without it.

    Parameters
    ----------
    cluster
        Has the ConfigMap; the chart creates it.
    name
        Of the ConfigMap; None keeps nothing.
    """

    def __init__(self, cluster: PaceCluster, name: str | None) -> None:
        self._cluster = cluster
        self._name = name
        self._kept = PaceState()
        self._written_at = float("-inf")

    async def load(self) -> PaceState:
        """Return what is kept; nothing where there is nothing that can be read.

        Raises
        ------
        ClusterError
            The API server does not answer, or refuses.
        """
        if self._name is None:
            return PaceState()
        try:
            data = (await self._cluster.get_configmap(self._name)).get("data") or {}
        except NotFound:
            _log.warning("the ConfigMap of the pace is missing; a new leader would begin without it: %s", self._name)
            return PaceState()
        try:
            self._kept = PaceState.model_validate_json(data.get(_KEY) or "{}")
        except ValidationError:
            _log.warning("what is kept of the pace cannot be read; it is ignored")
        return self._kept

    async def save(self, state: PaceState, *, now: float, refused: bool) -> None:
        """Keep a state, unless another one was kept a moment ago.

        Parameters
        ----------
        state
            The pace.
        now
            Unix time.
        refused
            Whether a call was just refused: that is kept sooner.
        """
        pause = _WRITE_SECONDS_AFTER_REFUSAL if refused else _WRITE_SECONDS
        if self._name is None or state == self._kept or now - self._written_at < pause:
            return
        self._written_at = now
        try:
            await self._cluster.patch_configmap(self._name, {_KEY: state.model_dump_json(by_alias=True)})
        except ClusterError as error:
            _log.warning("the pace could not be kept", extra={"error": error_text(error)[:200]})
        else:
            self._kept = state
