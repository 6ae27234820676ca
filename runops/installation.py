"""The name under which an operator claims rows, where none was chosen."""

__all__ = ["default_installation"]


def default_installation(namespace: str, release: str, uid: str) -> str:
    """Return the default name of an installation. Pure.

    Namespace and release may have the same names in several clusters. The uid may not: the API server draws it when a
    namespace is made.

    Parameters
    ----------
    namespace, release
        Where the operator runs.
    uid
        Of the Namespace object.
    """
    return f"{namespace}/{release}@{uid}"
