"""Rules of a platform, as policies of the real API server. They hold in one namespace."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from tests.eventually import eventually

__all__ = ["Manifest", "in_force", "mutating", "of_a_pod", "validating"]

Manifest = dict[str, Any]
_API = "/apis/admissionregistration.k8s.io/v1"
_PODS = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}


def validating(
    name: str, namespace: str, *expressions: tuple[str, str], rules: tuple[Manifest, ...] = (_PODS,), only: str = "true"
) -> list[Manifest]:
    """Return a policy that refuses objects.

    Parameters
    ----------
    name, namespace
        Of the policy, and where it holds.
    expressions
        What must hold (CEL), each with the message where it does not.
    rules
        Of which objects; pods where omitted.
    only
        Which of these (CEL).
    """
    spec = {
        "failurePolicy": "Fail",
        "matchConstraints": {"resourceRules": list(rules)},
        "matchConditions": [{"name": "only", "expression": only}],
        "validations": [{"expression": expression, "message": message} for expression, message in expressions],
    }
    return _bound("Validating", name, namespace, spec, {"validationActions": ["Deny"]})


def mutating(name: str, namespace: str, patch: str, *, only: str = "true") -> list[Manifest]:
    """Return a policy that changes pods by a JSON patch (CEL)."""
    spec = {
        "failurePolicy": "Fail",
        "reinvocationPolicy": "Never",
        "matchConstraints": {"resourceRules": [_PODS]},
        "matchConditions": [{"name": "only", "expression": only}],
        "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": patch}}],
    }
    return _bound("Mutating", name, namespace, spec, {})


def _bound(kind: str, name: str, namespace: str, spec: Manifest, binding: Manifest) -> list[Manifest]:
    named = f"{namespace}-{name}"
    chosen = {"matchLabels": {"kubernetes.io/metadata.name": namespace}}
    common = {"apiVersion": "admissionregistration.k8s.io/v1", "metadata": {"name": named}}
    bound = {"policyName": named, "matchResources": {"namespaceSelector": chosen}, **binding}
    return [
        {**common, "kind": f"{kind}AdmissionPolicy", "spec": spec},
        {**common, "kind": f"{kind}AdmissionPolicyBinding", "spec": bound},
    ]


def of_a_pod(namespace: str, *, labels: dict[str, str] | None = None, **spec: Any) -> Manifest:
    """Return a small pod, to be tried and never created."""
    container = {
        "name": "worker",
        "image": "none",
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    context = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "tried", "namespace": namespace, "labels": labels or {}},
        "spec": {"securityContext": context, "containers": [container], **spec},
    }


@contextmanager
def in_force(
    api: httpx.Client, policies: list[Manifest], tried: Manifest, shows: Callable[[httpx.Response], bool]
) -> Iterator[None]:
    """Have policies in force.

    Parameters
    ----------
    api
        Asks the API server, with all rights.
    policies
        Which.
    tried
        A pod that is created as a dry run, until the answer shows that the policies are in force.
    shows
        Whether it does.
    """
    made: list[str] = []

    def answer() -> httpx.Response:
        path = f"/api/v1/namespaces/{tried['metadata']['namespace']}/pods"
        return api.post(path, params={"dryRun": "All"}, json=tried)

    try:
        for policy in policies:
            path = f"{_API}/{policy['kind'].lower().replace('policy', 'policies', 1).removesuffix('binding')}"
            if policy["kind"].endswith("Binding"):
                path = f"{_API}/{policy['kind'].lower()}s"
            created = api.post(path, content=json.dumps(policy), headers={"content-type": "application/json"})
            assert created.status_code == httpx.codes.CREATED, created.text
            made.append(f"{path}/{policy['metadata']['name']}")
        eventually(lambda: shows(answer()), "the policies are in force")
        yield
    finally:
        for path in reversed(made):
            api.delete(path)
    eventually(lambda: not shows(answer()), "the policies are in force no more")
