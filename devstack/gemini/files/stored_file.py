"""What is kept of an uploaded file, and how the API describes it. Pure."""

import base64
import time
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import BaseModel

from devstack.gemini.files.measure import Media

__all__ = ["StoredFile"]

_LIFETIME = 48 * 3600.0


def _stamp(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class StoredFile(BaseModel):
    """What is kept of a file.

    Attributes
    ----------
    name : str
        Without the ``files/`` in front.
    created : float
        Unix time in seconds.
    sha256 : str
        Hexadecimal digest of the bytes received.
    polls_left : int
        How many more times it answers PROCESSING.
    ready_at : float
        Before this Unix time it answers PROCESSING.
    fails_at_first_use : str or None
        ``gone`` or ``not ready``: what the first generate call that names it finds, although it is ACTIVE.
    stuck : bool
        It stays PROCESSING for ever.
    failure : str
        Why it cannot be used; empty while it can.
    media : Media or None
        None while it is being measured, or for a file that is not media.
    measured : bool
        Whether measuring is over.
    unread : bool
        It is to be read, and that is not over. It is ACTIVE meanwhile: a call that asks about it waits.
    """

    name: str
    display_name: str
    mime_type: str
    size: int
    sha256: str
    created: float
    polls_left: int
    ready_at: float = 0.0
    fails_at_first_use: Literal["gone", "not ready"] | None = None
    stuck: bool = False
    failure: str = ""
    media: Media | None = None
    measured: bool = False
    unread: bool = False

    @property
    def state(self) -> Literal["PROCESSING", "ACTIVE", "FAILED"]:
        """State as the API names it."""
        if self.stuck or not self.measured or self.polls_left > 0 or time.time() < self.ready_at:
            return "PROCESSING"
        return "FAILED" if self.failure else "ACTIVE"

    @property
    def expired(self) -> bool:
        """Whether its 48 hours are over."""
        return time.time() > self.created + _LIFETIME

    def resource(self, *, base: str) -> dict[str, Any]:
        """Return the JSON resource; `base` is scheme, host and API version of its address."""
        state = self.state
        resource: dict[str, Any] = {
            "name": f"files/{self.name}",
            "mimeType": self.mime_type,
            "sizeBytes": str(self.size),
            "createTime": _stamp(self.created),
            "updateTime": _stamp(self.created),
            "expirationTime": _stamp(self.created + _LIFETIME),
            "sha256Hash": base64.b64encode(self.sha256.encode()).decode(),
            "uri": f"{base}/files/{self.name}",
            "state": state,
            "source": "UPLOADED",
        }
        if self.display_name:
            resource["displayName"] = self.display_name
        if state == "ACTIVE" and self.media is not None and self.media.frames:
            resource["videoMetadata"] = {"videoDuration": f"{self.media.duration:g}s"}
        if state == "FAILED":
            resource["error"] = {"code": 3, "message": self.failure}
        return resource
