"""Which claims this process has just taken and confirmed: the first attempt under one needs no read of its row."""

__all__ = ["FreshClaims"]


class FreshClaims:
    """The fresh claim of each VideoJob, taken at most once.

    A mark may be left over, where the VideoJob was there already or could not be made. Under a later token it does not
    count: its next attempt may have to wait.
    """

    def __init__(self) -> None:
        self._tokens: dict[str, str] = {}

    def mark(self, name: str, token: str) -> None:
        """Mark the claim of a VideoJob as fresh; it replaces an earlier one."""
        self._tokens[name] = token

    def take(self, name: str, token: str | None) -> bool:
        """Tell whether the claim of a VideoJob is fresh, and remove every mark of the VideoJob."""
        marked = self._tokens.pop(name, None)
        return marked is not None and marked == token
