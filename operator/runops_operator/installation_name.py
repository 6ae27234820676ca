"""Asks for the identity of the cluster at the start, where no name was chosen for the installation."""

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from runops.polling import backoff
from runops_operator.config import OperatorConfig
from runops_operator.kubernetes_api.cluster import REFUSALS, ClusterError, Manifest
from runops_operator.manifests.fields import object_of, text_of

__all__ = ["NamespaceReader", "with_name"]

_log = logging.getLogger(__name__)
_LONGEST_PAUSE_SECONDS = 15.0
_REMEDY = (
    "Give the operator's service account the right to get its Namespace, as the chart's Role does (docs/rights.md), or "
    "set the value installation to a name that no other operator on this table has."
)


class NamespaceReader(Protocol):
    """What is asked of the API server."""

    async def get_namespace(self) -> Manifest:
        """Return the operator's own Namespace."""
        ...


async def with_name(
    config: OperatorConfig, cluster: NamespaceReader, *, show: Callable[[str | None], None]
) -> OperatorConfig:
    """Return the settings with a name that no other cluster has. A chosen one is kept, and nothing is asked.

    It asks until it is answered, with growing pauses and a deadline for each request: without a name that is its own
    the operator would act on rows of others.

    Parameters
    ----------
    config
        As the file has it.
    cluster
        Where the operator runs.
    show
        Called with what is missing, and with None in the end.
    """
    failures, said = 0, ""
    while not config.installation:
        try:
            uid = text_of(object_of((await cluster.get_namespace()).get("metadata")).get("uid"))
            if uid:
                config = config.named(uid)
                continue
            trouble = "The API server's answer has no uid of the Namespace."
        except ClusterError as error:
            trouble = f"{error} {_REMEDY}" if error.status in REFUSALS else str(error)
        failures += 1
        trouble = f"The identity of the cluster cannot be read: {trouble}"
        if trouble != said:
            _log.error("No rows are claimed: %s", trouble)
            said = trouble
        show(trouble)
        await asyncio.sleep(backoff(failures, longest=_LONGEST_PAUSE_SECONDS))
    show(None)
    return config
