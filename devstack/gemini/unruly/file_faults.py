"""What goes wrong with uploaded files. Pure data."""

from devstack.gemini.unruly.fault import FileFault

__all__ = ["FILE_FAULTS"]

FILE_FAULTS = (
    FileFault("processing fails", "file_failed"),
    FileFault("gone when it is first used", "file_gone"),
    FileFault("not ready when it is first used", "file_not_ready"),
    FileFault("bytes are lost in the upload", "truncated_finalize"),
    FileFault("the end of the upload is refused", "busy_finalize"),
)
