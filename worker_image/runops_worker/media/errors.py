"""The errors of this package: the recording is at fault, ffmpeg failed, or ffmpeg cannot be confined."""

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
"""Why a recording is refused. Each is a reason of `runops.failures`."""


class MediaRejected(Exception):  # noqa: N818 - the recording is at fault, not the program
    """The recording is at fault. Another attempt with the same file fails in the same way.

    Parameters
    ----------
    reason
        One of `REASONS`.
    detail
        One sentence with the figures, for the person who uploaded the recording.
    """

    def __init__(self, reason: str, detail: str) -> None:
        assert reason in REASONS, reason
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.reason}: {self.detail}"


class MediaToolFailed(Exception):  # noqa: N818 - named for what happened, like the other two
    """The tool or the machine is at fault: out of memory, out of time, disk full.

    Parameters
    ----------
    detail
        One sentence, with figures where there are any.
    disk_full
        Whether the disk was full. This has its own reason and its own remedy.
    out_of_memory
        Whether the tool asked for more memory than its limit.
    """

    def __init__(self, detail: str, *, disk_full: bool = False, out_of_memory: bool = False) -> None:
        super().__init__(detail)
        self.detail = detail
        self.disk_full = disk_full
        self.out_of_memory = out_of_memory


class SandboxUnavailable(Exception):  # noqa: N818 - named for what happened, like the other two
    """The machine cannot confine the tool as required. Another machine may.

    Parameters
    ----------
    detail
        One sentence that says what is missing.
    """

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail
