"""What can go wrong with a recording, and what can go wrong with the tool that reads it."""

from typing import Final

__all__ = ["REASONS", "MediaRejected", "MediaToolFailed", "SandboxUnavailable"]

REASONS: Final = frozenset(
    {
        "SourceEmpty",
        "NotAVideo",
        "UnsupportedMedia",
        "NoVideoStream",
        "MediaTooShort",
        "MediaTooLong",
        "MediaTooLarge",
        "PictureTooLarge",
        "MediaCorrupt",
        "TimestampGap",
    }
)
"""The reasons a recording is refused for: words of the worker's reason table."""


class MediaRejected(Exception):  # noqa: N818 - the recording is at fault, not the program
    """The recording itself is at fault: another try with the same file ends the same way.

    Parameters
    ----------
    reason
        One of `REASONS`.
    detail
        One sentence for the person who uploaded the recording, with the figures.
    """

    def __init__(self, reason: str, detail: str) -> None:
        assert reason in REASONS, reason
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.reason}: {self.detail}"


class MediaToolFailed(Exception):  # noqa: N818 - named for what happened, like its sibling
    """The tool is at fault, or the machine it runs on: out of memory, out of time, disk full.

    Parameters
    ----------
    detail
        One sentence, with the figures where there are any.
    disk_full
        Whether the disk had no room left, which has its own reason and remedy.
    out_of_memory
        Whether it asked for more memory than it may have.
    """

    def __init__(self, detail: str, *, disk_full: bool = False, out_of_memory: bool = False) -> None:
        super().__init__(detail)
        self.detail = detail
        self.disk_full = disk_full
        self.out_of_memory = out_of_memory


class SandboxUnavailable(Exception):  # noqa: N818 - named for what is the matter, like its siblings
    """The tool cannot be confined here as it is asked to; on another machine it may.

    Parameters
    ----------
    detail
        One sentence that says what is missing.
    """

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail
