"""Findings of the command line, in the form of those of `runops.supabase.probe`."""

from runops.supabase.probe import Finding

__all__ = ["good", "problem", "warning"]


def good(name: str, detail: str) -> Finding:
    """Return a finding that needs no action."""
    return Finding(name=name, ok=True, detail=detail, remedy=None)


def problem(name: str, detail: str, remedy: str) -> Finding:
    """Return a finding that needs the action named in `remedy`."""
    return Finding(name=name, ok=False, detail=detail, remedy=remedy)


def warning(name: str, detail: str, remedy: str) -> Finding:
    """Return a finding of something that was set up like this and holds jobs back; `remedy` says how they go on."""
    return Finding(name=name, ok=True, detail=detail, remedy=remedy, warns=True)
