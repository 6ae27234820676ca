"""What a right is: read from the golden file, from the chart's roles, and from requests as they go by. Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import yaml

__all__ = ["UNLESS_NAMESPACED", "NeededRight", "Right", "given_to", "golden", "of_request"]

_GOLDEN = Path(__file__).with_name("rights.yaml")
_PATH = re.compile(
    r"/(?:api/(?P<core>v1)|apis/(?P<group>[^/]+)/[^/]+)"
    r"(?:/namespaces/(?P<namespace>[^/]+))?/(?P<resource>[a-z]+)(?:/(?P<name>[^/]+))?(?:/(?P<sub>[a-z]+))?"
)
_NAMED = frozenset({"leases", "configmaps", "namespaces"})
_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch"}


@dataclass(frozen=True, slots=True, order=True)
class Right:
    """A verb on a resource of one namespace.

    Attributes
    ----------
    group, resource
        As roles have them: the core group is empty, a subresource follows a slash.
    verb
        In small letters.
    name
        The one object that it is for; empty for all.
    """

    group: str
    resource: str
    verb: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class NeededRight:
    """A right and the code that needs it.

    Attributes
    ----------
    right
        What is needed.
    function
        Qualified name of the function that needs it.
    line
        Its line that does.
    when
        The values with which the chart gives it; empty where it always does.
    """

    right: Right
    function: str
    line: str
    when: str = ""


UNLESS_NAMESPACED = "`namespaced: false`, or a cap over several videos"
"""When the chart gives what the admin of one namespace could not give."""


def golden(namespace: str = "videos-ns") -> dict[str, list[NeededRight]]:
    """Return the rights of operator and worker as they should be in a release's namespace."""
    document = yaml.safe_load(_GOLDEN.read_text("utf-8").replace("name: NAMESPACE", f"name: {namespace}"))
    return {
        who: [
            NeededRight(
                Right(entry["group"], entry["resource"], entry["verb"], entry.get("name", "")),
                entry["function"],
                entry["line"],
                entry.get("when", ""),
            )
            for entry in entries
        ]
        for who, entries in document.items()
    }


def given_to(account: str, manifests: Iterable[Mapping[str, Any]]) -> set[Right]:
    """Return what rendered roles give to a service account.

    Raises
    ------
    ValueError
        It has a right beyond its namespace.
    """
    objects = list(manifests)
    roles = {item["metadata"]["name"]: item["rules"] for item in objects if item["kind"] == "Role"}
    found: set[Right] = set()
    for item in objects:
        if not item["kind"].endswith("RoleBinding"):
            continue
        if account not in {subject["name"] for subject in item["subjects"]}:
            continue
        if item["kind"] != "RoleBinding" or item["roleRef"]["kind"] != "Role":
            raise ValueError(f"{item['kind']} {item['metadata']['name']} gives {account} a right beyond its namespace")
        found |= set(_of_rules(roles[item["roleRef"]["name"]]))
    return found


def _of_rules(rules: Iterable[Mapping[str, Any]]) -> Iterator[Right]:
    for rule in rules:
        for group in rule["apiGroups"]:
            for resource in rule["resources"]:
                for verb in rule["verbs"]:
                    for name in rule.get("resourceNames", [""]):
                        yield Right(group, resource, verb, name)


def of_request(method: str, path: str, *, watch: bool = False) -> Right | None:
    """Return the right that a request needs; None where it asks for no resource, such as for what the server serves.

    Parameters
    ----------
    method
        HTTP method.
    path
        Without its query.
    watch
        Whether the query asks for a watch.
    """
    found = _PATH.fullmatch(unquote(path))
    if found is None:
        return None
    name, sub = found["name"] or "", found["sub"]
    resource = f"{found['resource']}/{sub}" if sub else found["resource"]
    if method == "GET":
        verb = "watch" if watch else ("get" if name else "list")
    elif method == "DELETE":
        verb = "delete" if name else "deletecollection"
    else:
        verb = _VERBS[method]
    # Roles bind these only to a name; what a list or a create is for has none.
    return Right(found["group"] or "", resource, verb, name if resource in _NAMED and verb != "create" else "")
