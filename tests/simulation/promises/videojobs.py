"""What a VideoJob of the simulated cluster says."""

from collections.abc import Iterable

from tests.simulation.cluster import Manifest
from tests.simulation.operator_process import Site

__all__ = ["CLAIM", "OTHERS", "conditions_of", "finished", "is_of_others", "own_videojobs", "token_of"]

OTHERS = "somebody/else"
"""An installation whose VideoJobs are in the same namespace."""
CLAIM = "runops.dev/claim"


def own_videojobs(site: Site) -> Iterable[tuple[str, Manifest]]:
    """Return the VideoJobs that are not another installation's, by name."""
    return [(name, body) for name, body in site.cluster.videojobs.items() if not is_of_others(body)]


def is_of_others(body: Manifest) -> bool:
    """Return whether a VideoJob is another installation's."""
    return (body["metadata"].get("annotations") or {}).get("runops.dev/by") == OTHERS


def conditions_of(body: Manifest) -> set[str]:
    """Return the conditions that hold."""
    return {item["type"] for item in (body.get("status") or {}).get("conditions") or () if item["status"] == "True"}


def finished(body: Manifest) -> bool:
    """Return whether a VideoJob has finished."""
    return "Finished" in conditions_of(body)


def token_of(body: Manifest) -> str | None:
    """Return the token of the claim that a VideoJob was made for."""
    token: str | None = (body["metadata"].get("annotations") or {}).get(CLAIM)
    return token
