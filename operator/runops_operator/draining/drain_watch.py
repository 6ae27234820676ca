"""Whether the installation drains: by its settings, or by the order in its ConfigMap, which is read every 2 s."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Protocol

from runops.drain_order import DrainOrder, confirmation, read_drain_order
from runops.logs import error_text
from runops_operator.config import OperatorConfig
from runops_operator.heartbeats import UNHEARD, Heartbeat
from runops_operator.kubernetes_api.cluster import ClusterError, Manifest, NotFound
from runops_operator.manifests.fields import object_of

__all__ = ["DrainWatch"]

_log = logging.getLogger(__name__)
_EVERY_SECONDS = 2.0
_NOT_READ = (
    "It is not known yet whether the installation drains: the ConfigMap {} was not read since the operator began."
)
_BY_SETTINGS = "maxConcurrent is 0: what runs goes on, and no row is claimed until it is raised."


class _ConfigMaps(Protocol):
    async def get_configmap(self, name: str) -> Manifest: ...

    async def patch_configmap(self, name: str, data: Mapping[str, str]) -> Manifest: ...


class DrainWatch:
    """The order to drain, as it was read last. Every replica reads it before its first claim, so a failover keeps it.

    Parameters
    ----------
    cluster
        Has the ConfigMap; the chart creates it.
    config
        Settings of this installation.
    changed
        Called when the order changes: rows may be claimed again.
    """

    def __init__(self, cluster: _ConfigMaps, config: OperatorConfig, *, changed: Callable[[], object]) -> None:
        self._cluster = cluster
        self._name = config.drain_config_map
        self._by_settings = config.max_concurrent == 0
        self._changed = changed
        self._known = self._name is None
        self._order: DrainOrder | None = None
        self._claims_nothing = False

    @property
    def why(self) -> str | None:
        """Why nothing is claimed; None where rows are. Before the first read an order may stand, so nothing is."""
        if self._order is not None:
            return self._order.sentence
        if not self._known:
            return _NOT_READ.format(self._name)
        return _BY_SETTINGS if self._by_settings else None

    async def know(self) -> None:
        """Read the order if that was never done.

        Raises
        ------
        ClusterError
            The ConfigMap cannot be read. Nothing may be claimed before it was.
        """
        if not self._known:
            await self._read()

    def claims_nothing(self) -> None:
        """Note that the order is kept: no claim is under way, and every row that was claimed has its VideoJob."""
        self._claims_nothing = self._order is not None

    async def run(self, beat: Heartbeat = UNHEARD) -> None:
        """Read until cancelled. While the ConfigMap cannot be read, the last order stands."""
        if self._name is None:
            beat.waits()
            await asyncio.Event().wait()
        while True:
            trouble: str | None = None
            beat.moves()
            try:
                await self.once()
            except ClusterError as error:
                trouble = str(error)
                _log.warning("the order to drain could not be read: %s", error_text(error))
            except Exception as error:  # noqa: BLE001 - what one ConfigMap holds must not end the operator
                trouble = error_text(error)
                _log.exception("Unexpected error while the order to drain was read.")
            beat.ended(trouble, next_within=_EVERY_SECONDS)
            await asyncio.sleep(_EVERY_SECONDS)

    async def once(self) -> None:
        """Read the order, and confirm it where it is kept.

        Raises
        ------
        ClusterError
            The ConfigMap cannot be read or written.
        """
        if self._name is None:
            return
        await self._read()
        order = self._order
        if order is not None and not order.confirmed and self._claims_nothing:
            await self._cluster.patch_configmap(self._name, confirmation(order))

    async def _read(self) -> None:
        assert self._name is not None
        try:
            data = object_of((await self._cluster.get_configmap(self._name)).get("data"))
        except NotFound:
            # Without the ConfigMap there is no order: it may be deleted with the release.
            data = {}
        order, before = read_drain_order(data), self._order
        if (order and order.since) != (before and before.since):
            self._claims_nothing = False
            self._changed()
        self._order, self._known = order, True
