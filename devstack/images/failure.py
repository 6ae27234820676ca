"""Why an image could not be built."""

__all__ = ["ImageBuildFailed"]


class ImageBuildFailed(Exception):  # noqa: N818 - says what is the case
    """An image could not be built; the message is a sentence that names the way out."""
