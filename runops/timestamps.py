"""Times as Kubernetes and people read them."""

from datetime import UTC, datetime

__all__ = ["rfc3339"]


def rfc3339(at: datetime) -> str:
    """Return a time in whole seconds, in UTC."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
