"""KEDA's configuration: which rows to count, and what Job to create for each. Pure.

Fields as in KEDA 2.20: `apis/keda/v1alpha1/scaledjob_types.go` and `pkg/scalers/postgresql_scaler.go` of its module.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["ScaledJob"]

_IMAGE = "keda.invalid/worker:1"


@dataclass(frozen=True, kw_only=True)
class ScaledJob:
    """A Job for each row that a query counts; all that is not named here is KEDA's default.

    Attributes
    ----------
    name, namespace
        Of the object, and of what belongs to it.
    database_url
        Where the rows are. It goes into a Secret, as a real one would.
    query
        Gives one number.
    most
        How many Jobs there may be at a time.
    node_selector
        Of the pods.
    """

    name: str
    namespace: str
    database_url: str = field(repr=False)
    query: str
    most: int
    node_selector: Mapping[str, str] = field(default_factory=dict)

    def manifests(self) -> list[dict[str, Any]]:
        """Give the objects, each after what it needs."""
        return [self._secret(), self._authentication(), self._scaled_job()]

    def _metadata(self) -> dict[str, str]:
        return {"name": self.name, "namespace": self.namespace}

    def _secret(self) -> dict[str, Any]:
        return {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": self._metadata(),
            "stringData": {"connection": self.database_url},
        }

    def _authentication(self) -> dict[str, Any]:
        return {
            "apiVersion": "keda.sh/v1alpha1",
            "kind": "TriggerAuthentication",
            "metadata": self._metadata(),
            "spec": {"secretTargetRef": [{"parameter": "connection", "name": self.name, "key": "connection"}]},
        }

    def _scaled_job(self) -> dict[str, Any]:
        pod = {
            "restartPolicy": "Never",
            "nodeSelector": dict(self.node_selector),
            "containers": [{"name": "worker", "image": _IMAGE}],
        }
        return {
            "apiVersion": "keda.sh/v1alpha1",
            "kind": "ScaledJob",
            "metadata": self._metadata(),
            "spec": {
                "jobTargetRef": {"backoffLimit": 0, "template": {"spec": pod}},
                "maxReplicaCount": self.most,
                "triggers": [
                    {
                        "type": "postgresql",
                        # One row a Job; any row at all is work.
                        "metadata": {"query": self.query, "targetQueryValue": "1", "activationTargetQueryValue": "0"},
                        "authenticationRef": {"name": self.name},
                    }
                ],
            },
        }
