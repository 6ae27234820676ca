"""The newest view of each object of one kind, kept up by watch events, answers and listings."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from runops_operator.informer.object_change import Change, Identity, change_of, name_of

__all__ = ["ObjectCache", "Seen"]

_LISTINGS_A_DELETED_UID_IS_KEPT = 2


class View(Protocol):
    """What the cache needs of a view."""

    @property
    def name(self) -> str: ...
    @property
    def uid(self) -> str: ...
    @property
    def version(self) -> int: ...


V = TypeVar("V", bound=View)


@dataclass(frozen=True, slots=True)
class Seen(Generic[V]):
    """The result of one manifest.

    Attributes
    ----------
    before
        The view under this name until now.
    view
        Parsed from the manifest; None for `SAME` and `OUTDATED`, whose manifests are not parsed.
    """

    change: Change
    before: V | None
    view: V | None


@dataclass(slots=True)
class _Entry(Generic[V]):
    """One known object.

    Attributes
    ----------
    listing
        Number of the listing during or after which the object was seen last.
    """

    view: V
    listing: int


class ObjectCache(Generic[V]):
    """Views by name, of one kind in one namespace.

    Parameters
    ----------
    parse
        Makes a view of a manifest.
    """

    def __init__(self, parse: Callable[[Mapping[str, Any]], V]) -> None:
        self._parse = parse
        self._entries: dict[str, _Entry[V]] = {}
        self._deleted_uids: dict[str, int] = {}
        """Deleted objects, with the number of the last listing before: late events must not bring them back."""
        self._listing = 0

    def get(self, name: str) -> V | None:
        """Return the view of a name."""
        entry = self._entries.get(name)
        return None if entry is None else entry.view

    def views(self) -> Iterator[V]:
        """Yield all views."""
        return (entry.view for entry in self._entries.values())

    def names(self) -> list[str]:
        """Return all names."""
        return list(self._entries)

    def see(self, body: Mapping[str, Any], *, deleted: bool = False) -> Seen[V]:
        """Take in a manifest. One without a name is `OUTDATED`."""
        name = name_of(body)
        if name is None:
            return Seen(Change.OUTDATED, None, None)
        entry, shown = self._entries.get(name), Identity.of(body)
        before = None if entry is None else entry.view
        change = change_of(
            shown,
            None if before is None else Identity(before.uid, before.version),
            deleted=deleted,
            uid_is_deleted=shown.uid in self._deleted_uids,
        )
        if change is Change.SAME and entry is not None:
            entry.listing = self._listing
        if change in {Change.SAME, Change.OUTDATED}:
            return Seen(change, before, None)
        view = self._parse(body)
        if change in {Change.DELETED, Change.EARLIER_DELETED}:
            self.remove(name, shown.uid)
        else:
            self._entries[name] = _Entry(view, self._listing)
        return Seen(change, before, view)

    def remove(self, name: str, uid: str) -> bool:
        """Note that an object was deleted; tell whether it was the known one of this name."""
        self._deleted_uids[uid] = self._listing
        entry = self._entries.get(name)
        if entry is None or entry.view.uid != uid:
            return False
        del self._entries[name]
        return True

    def forget(self, name: str) -> V | None:
        """Drop and return what is known of a name, as if it had never been seen."""
        entry = self._entries.pop(name, None)
        return None if entry is None else entry.view

    def begin_listing(self) -> None:
        """Begin to list all objects: each is passed to `see`, then `end_listing` follows."""
        self._listing += 1

    def is_listed_older(self, body: Mapping[str, Any]) -> bool:
        """Whether a listing shows an older version than was known before the listing began."""
        name = name_of(body)
        entry = None if name is None else self._entries.get(name)
        return (
            entry is not None
            and entry.listing < self._listing
            and Identity.of(body).is_older_than(Identity(entry.view.uid, entry.view.version))
        )

    def end_listing(self) -> list[V]:
        """Remove and return the ghosts: objects that were not seen since `begin_listing`."""
        ghosts = [entry.view for entry in self._entries.values() if entry.listing < self._listing]
        for ghost in ghosts:
            self.remove(ghost.name, ghost.uid)
        oldest = self._listing - _LISTINGS_A_DELETED_UID_IS_KEPT
        self._deleted_uids = {uid: listing for uid, listing in self._deleted_uids.items() if listing >= oldest}
        return ghosts
