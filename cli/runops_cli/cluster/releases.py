"""The releases of the chart that are installed in a namespace, read through kubectl."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import yaml

from runops.drain_order import DrainOrder, read_drain_order
from runops_cli.cluster.kubectl import Kubectl

__all__ = ["Installed", "installed_in", "operators_pods", "read_releases"]

_CONFIG_KEY = "operator.yaml"
_CONFIGS = "app.kubernetes.io/part-of=runops"


@dataclass(frozen=True, slots=True)
class Installed:
    """What the operator's configuration says of an installed release.

    Attributes
    ----------
    release
        Its name.
    cost
        The section `cost`, with the names of the chart's values.
    lease
        Name of the Lease of the operator that works.
    names
        Those that were chosen: under which it claims rows and makes VideoJobs, and those that it had earlier.
    default_name
        How its name begins where none was chosen: NAMESPACE/RELEASE. The uid of the Namespace follows.
    drain
        Name of the ConfigMap that holds the order to drain; "" for a chart that has none.
    order
        The order to drain; None where there is none.
    limit_of_user
        How many videos of one user may be at work; None for no limit.
    """

    release: str
    cost: Mapping[str, Any]
    lease: str
    names: tuple[str, ...] = ()
    default_name: str = ""
    drain: str = ""
    order: DrainOrder | None = None
    limit_of_user: int | None = None

    def cap(self, setting: str) -> Decimal | None:
        """Return a cap in US dollars; None where it is not set."""
        value = self.cost.get(setting)
        return None if value is None else Decimal(str(value))

    def is_own(self, name: str) -> bool:
        """Whether a VideoJob in the release's namespace with this name in it is the release's."""
        default = self.default_name
        return name in self.names or (bool(default) and (name == default or name.startswith(f"{default}@")))

    @property
    def counts(self) -> bool:
        """Whether the operator counts what all videos cost."""
        return any(self.cap(setting) is not None for setting in _CAPS_OVER_VIDEOS)


_CAPS_OVER_VIDEOS = ("maxPerDayUsd", "maxPerMonthUsd", "maxPerUserAndDayUsd")


async def read_releases(kubectl: Kubectl) -> list[Installed]:
    """Return the releases by name.

    Raises
    ------
    KubectlFailed
        They could not be read.
    """
    return installed_in(await kubectl.get("configmaps", f"--selector={_CONFIGS}") or {})


def installed_in(configmaps: Mapping[str, Any]) -> list[Installed]:
    """Return the releases whose configuration is among ConfigMaps, by name. Pure."""
    found = []
    orders = {item["metadata"]["name"]: item.get("data") for item in configmaps.get("items") or []}
    for item in configmaps.get("items") or []:
        text = (item.get("data") or {}).get(_CONFIG_KEY)
        if text is None:
            continue
        try:
            config = yaml.safe_load(text)
        except yaml.YAMLError:
            continue
        if not isinstance(config, Mapping):
            continue
        labels = item["metadata"].get("labels") or {}
        chosen, release = config.get("installation"), config.get("release")
        found.append(
            Installed(
                release=str(labels.get("app.kubernetes.io/instance") or item["metadata"]["name"]),
                cost=config.get("cost") or {},
                lease=str((config.get("leaderElection") or {}).get("lease") or ""),
                names=tuple(map(str, filter(None, (chosen, *(config.get("formerInstallations") or ()))))),
                default_name="" if chosen or not release else f"{config.get('namespace')}/{release}",
                drain=str(config.get("drainConfigMap") or ""),
                limit_of_user=config.get("maxConcurrentPerUser"),
                order=read_drain_order(orders.get(str(config.get("drainConfigMap") or ""))),
            )
        )
    return sorted(found, key=lambda one: one.release)


async def operators_pods(kubectl: Kubectl, release: Installed) -> list[Mapping[str, Any]]:
    """Return the pod of the operator that leads; all pods of the operator where none holds the Lease.

    Raises
    ------
    KubectlFailed
        They could not be read.
    """
    lease = await kubectl.get("lease", release.lease) if release.lease else None
    holder = ((lease or {}).get("spec") or {}).get("holderIdentity")
    if holder:
        pod = await kubectl.get("pod", str(holder))
        return [] if pod is None else [pod]
    labels = f"app.kubernetes.io/component=operator,app.kubernetes.io/instance={release.release}"
    return (await kubectl.get("pods", f"--selector={labels}") or {}).get("items") or []
