"""Makes the quota of a namespace."""

import httpx

from tests.eventually import eventually

__all__ = ["make_quota"]


def make_quota(api: httpx.Client, namespace: str, **hard: str) -> None:
    """Make the quota `team`, and wait until it counts."""
    quotas = f"/api/v1/namespaces/{namespace}/resourcequotas"
    assert api.post(quotas, json={"metadata": {"name": "team"}, "spec": {"hard": hard}}).is_success
    eventually(lambda: bool(api.get(f"{quotas}/team").json().get("status", {}).get("hard")), "the quota is counted")
