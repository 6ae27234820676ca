"""`runops version`: print the version."""

from importlib import metadata

from runops_cli.terminal.console import STDOUT

__all__ = ["version"]


def version() -> None:
    """Print the version of runops.

    Example: runops version
    """
    STDOUT.print(f"runops {metadata.version('runops-operator')}")
