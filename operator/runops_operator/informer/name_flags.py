"""Marks on names that hold until they are taken once."""

__all__ = ["NameFlags"]


class NameFlags:
    """A set of names, each of which is taken at most once."""

    def __init__(self) -> None:
        self._names: set[str] = set()

    def mark(self, name: str) -> None:
        """Mark a name."""
        self._names.add(name)

    def take(self, name: str) -> bool:
        """Tell whether a name is marked, and remove the mark."""
        marked = name in self._names
        self._names.discard(name)
        return marked
