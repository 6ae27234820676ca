"""What a manifest means beside what is known under its name: a decision table. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Self

from runops_operator.manifests.fields import version_of

__all__ = ["Change", "Identity", "change_of", "name_of"]


class Change(Enum):
    """The effect of one manifest."""

    SAME = auto()
    """The version that is known already: nothing changes, and the object still exists."""
    OUTDATED = auto()
    """Older than what is known, or of an object that is known to be deleted: it is ignored."""
    NEW = auto()
    """The first manifest of this object. An earlier object of the same name is replaced."""
    UPDATED = auto()
    """A newer manifest of the known object."""
    DELETED = auto()
    """The object is deleted."""
    EARLIER_DELETED = auto()
    """An earlier object of this name is deleted; the known one stays."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Which object, and which version of it.

    Attributes
    ----------
    version
        The resource version as a number; 0 where it cannot be read, which counts as no knowledge.
    """

    uid: str
    version: int

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Self:
        """Return the identity of a manifest."""
        metadata = body["metadata"]
        return cls(uid=str(metadata.get("uid") or ""), version=version_of(metadata))

    def is_older_than(self, known: Self) -> bool:
        """Whether this is the same object in an earlier version, both versions being readable."""
        return self.uid == known.uid and 0 < self.version < known.version


def change_of(shown: Identity, known: Identity | None, *, deleted: bool, uid_is_deleted: bool) -> Change:
    """Return what a manifest changes.

    Parameters
    ----------
    shown
        Of the manifest.
    known
        Of the object that is known under the same name; None where there is none.
    deleted
        Whether the manifest came with the object's deletion.
    uid_is_deleted
        Whether this very object is known to be deleted.
    """
    same_object = known is not None and known.uid == shown.uid
    if deleted:
        return Change.DELETED if known is None or same_object else Change.EARLIER_DELETED
    if uid_is_deleted:
        return Change.OUTDATED
    if known is None:
        return Change.NEW
    if shown.version < known.version:
        # Versions of one kind are comparable, also those of different objects.
        return Change.OUTDATED
    if not same_object:
        return Change.NEW
    return Change.SAME if shown.version == known.version != 0 else Change.UPDATED


def name_of(body: Any) -> str | None:
    """Return the name in a manifest; None where there is none, so that nothing can be done about the object."""
    metadata = body.get("metadata") if isinstance(body, Mapping) else None
    name = metadata.get("name") if isinstance(metadata, Mapping) else None
    return name if isinstance(name, str) else None
