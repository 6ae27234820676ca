"""`runops version`."""

from importlib import metadata

from runops_cli.terminal.console import STDOUT

__all__ = ["version"]


def version() -> None:
    """Print the version of this program.

    Example: runops version
    """
    STDOUT.print(f"runops {metadata.version('runops-operator')}")
