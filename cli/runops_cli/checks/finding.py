"""The findings that the command line adds to those of `runops.supabase.probe`."""

from runops.supabase.probe import Finding

__all__ = ["good", "problem"]


def good(name: str, detail: str) -> Finding:
    """Return a finding that is as it should be."""
    return Finding(name=name, ok=True, detail=detail, remedy=None)


def problem(name: str, detail: str, remedy: str) -> Finding:
    """Return a finding that somebody has to do something about."""
    return Finding(name=name, ok=False, detail=detail, remedy=remedy)
