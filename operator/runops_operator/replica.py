"""What one process of the operator works with."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from runops.environment import Environment
from runops.supabase.connection import Supabase
from runops_operator.config import OperatorConfig
from runops_operator.heartbeats import Heartbeats
from runops_operator.kubernetes_api.kubernetes_cluster import KubernetesCluster
from runops_operator.observability.metrics import Metrics
from runops_operator.readiness import Readiness
from runops_operator.spending.claiming_condition import ClaimingCondition

__all__ = ["Replica"]


@dataclass(frozen=True, slots=True)
class Replica:
    """What a replica has, whether it leads or stands by.

    Attributes
    ----------
    config
        Settings of this installation.
    environment
        Addresses and keys of the Supabase project.
    cluster, supabase
        Clients, open while the process runs.
    readiness, metrics, loops
        What the process shows.
    take_signals
        Has the process end on a signal. kopf takes the signals whenever it starts, so this is called after it.
    """

    config: OperatorConfig
    environment: Environment
    cluster: KubernetesCluster
    supabase: Supabase
    readiness: Readiness
    metrics: Metrics
    loops: Heartbeats
    take_signals: Callable[[], None]

    def claiming_condition(self) -> ClaimingCondition:
        """Return what shows in this replica's pod why a cap stops the claims."""
        return ClaimingCondition(
            self.cluster,
            pod=os.environ.get("RUNOPS_POD_NAME"),
            namespace=self.config.namespace,
            now=lambda: datetime.now(UTC),
        )
