"""What Argo CD does with the chart: render it without a cluster, apply, compare, prune, delete.

The facts are those of its documentation and code at version 3.6: it tracks objects by an annotation, reads options from
annotations, knows some of Helm's hooks, and compares by dry runs on the API server.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

import yaml

from tests.lifecycle.release import CHART, Release

__all__ = ["ArgoCd", "unlike"]

_TRACKED: Final = "argocd.argoproj.io/tracking-id"
_SYNC: Final = "argocd.argoproj.io/sync-options"
_COMPARE: Final = "argocd.argoproj.io/compare-options"
_HOOK: Final = "helm.sh/hook"
_HOOKS: Final = {"pre-install", "pre-upgrade", "post-install", "post-upgrade", "pre-delete", "post-delete"}
_KINDS: Final = (
    "clusterroles,configmaps,customresourcedefinitions,deployments,poddisruptionbudgets,pods,rolebindings,roles,"
    "serviceaccounts,services"
)
_SERVER_SIDE: Final = ("--server-side", "--force-conflicts", "--field-manager=argocd-controller")

Object = dict[str, Any]


class ArgoCd:
    """An Application of which this chart is the source.

    Parameters
    ----------
    release
        Where it goes; Helm installs nothing there.
    server_side
        Whether the Application has the option ServerSideApply=true.
    """

    def __init__(self, release: Release, *, server_side: bool = False) -> None:
        self._release = release
        self.server_side = server_side

    def rendered(self, values: Mapping[str, Any]) -> list[Object]:
        """Return the objects that Argo CD applies: without Helm's hooks that it does not know."""
        text = self._release.helmed("template", self._release.name, str(CHART), values=values)
        objects = [item for item in yaml.safe_load_all(text) if item is not None]
        hooks = [set(_annotations(item)[_HOOK].split(",")) for item in objects if _HOOK in _annotations(item)]
        assert not any(hook & _HOOKS for hook in hooks), "no object of the chart is a hook of a sync"
        kept = [item for item in objects if _HOOK not in _annotations(item)]
        for item in kept:
            item["metadata"].setdefault("annotations", {})[_TRACKED] = self._tracking_id(item)
        return kept

    def sync(self, values: Mapping[str, Any]) -> list[str]:
        """Apply what is rendered and prune what is not; return the names of what was pruned."""
        wanted = self.rendered(values)
        how = _SERVER_SIDE if self.server_side else ()
        self._release.told("apply", *how, "-f", "-", given=yaml.safe_dump_all(wanted))
        extra = [item for item in self._extra(wanted) if "Prune=false" not in _annotations(item).get(_SYNC, "")]
        return self._deleted(extra)

    def delete(self) -> list[str]:
        """Delete the Application with its objects; return the names of what was deleted."""
        return self._deleted(
            item for item in self._extra([]) if "Delete=false" not in _annotations(item).get(_SYNC, "")
        )

    def differences(self, values: Mapping[str, Any]) -> str:
        """Return why the Application would be shown as out of sync; empty where it would not."""
        wanted = self.rendered(values)
        how = _SERVER_SIDE if self.server_side else ()
        done = self._release.kubectl("diff", *how, "-f", "-", given=yaml.safe_dump_all(wanted))
        assert done.returncode in {0, 1}, done.stderr
        told = [done.stdout] if done.returncode else []
        live = {_identity(item): item for item in self._tracked()}
        told += [f"{_identity(item)}: {line}" for item in wanted for line in unlike(item, live[_identity(item)])]
        told += [
            f"{_identity(item)} is in no manifest"
            for item in self._extra(wanted)
            if "IgnoreExtraneous" not in _annotations(item).get(_COMPARE, "")
        ]
        return "\n".join(told)

    def _tracking_id(self, item: Object) -> str:
        return f"{self._release.namespace}:{'/'.join(_identity(item))}"

    def _tracked(self) -> list[Object]:
        found = json.loads(self._release.told("get", _KINDS, "-o", "json"))["items"]
        return [item for item in found if _annotations(item).get(_TRACKED) == self._tracking_id(item)]

    def _extra(self, wanted: list[Object]) -> list[Object]:
        names = {_identity(item) for item in wanted}
        return [item for item in self._tracked() if _identity(item) not in names]

    def _deleted(self, items: Any) -> list[str]:
        names = []
        for item in items:
            name = f"{item['kind'].lower()}/{item['metadata']['name']}"
            self._release.told("delete", name, "--wait=true")
            names.append(name)
        return names


def unlike(wanted: Any, live: Any, place: str = "") -> list[str]:
    """Return the places where a live object does not hold what its manifest says, list by list.

    Argo CD compares so where the kind is not built into it, such as a CustomResourceDefinition.
    """
    if isinstance(wanted, dict) and isinstance(live, dict):
        return [line for key, value in wanted.items() for line in unlike(value, live.get(key), f"{place}.{key}")]
    if isinstance(wanted, list) and isinstance(live, list) and len(wanted) == len(live):
        pairs = zip(wanted, live, strict=True)
        return [line for index, pair in enumerate(pairs) for line in unlike(*pair, f"{place}[{index}]")]
    return [] if wanted == live else [f"{place}: {str(wanted)[:200]} is {str(live)[:200]}"]


def _annotations(item: Object) -> dict[str, str]:
    annotations: dict[str, str] = item["metadata"].get("annotations") or {}
    return annotations


def _identity(item: Object) -> tuple[str, str, str]:
    group, _, _ = item["apiVersion"].rpartition("/")
    metadata = item["metadata"]
    return group, item["kind"], f"{metadata.get('namespace', '')}/{metadata['name']}"
