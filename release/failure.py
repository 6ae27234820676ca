"""Why a release could not be made."""

__all__ = ["ReleaseFailed"]


class ReleaseFailed(Exception):  # noqa: N818 - says what is the case
    """A release could not be made; the message is a sentence that names the way out."""
