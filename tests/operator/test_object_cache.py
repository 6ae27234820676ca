"""Which object is known under a name, and which objects a listing removes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from runops_operator.informer.name_flags import NameFlags
from runops_operator.informer.object_cache import ObjectCache, Seen
from runops_operator.informer.object_change import Change


@dataclass(frozen=True)
class View:
    name: str
    uid: str
    version: int


def body(name: str, uid: str = "u", version: int = 1) -> dict[str, Any]:
    return {"metadata": {"name": name, "uid": uid, "resourceVersion": str(version)}}


def parse(manifest: Mapping[str, Any]) -> View:
    metadata = manifest["metadata"]
    return View(metadata["name"], metadata["uid"], int(metadata["resourceVersion"]))


def cache(*bodies: dict[str, Any]) -> ObjectCache[View]:
    known = ObjectCache(parse)
    for one in bodies:
        known.see(one)
    return known


def test_a_newer_manifest_replaces_the_view_and_an_older_one_does_not() -> None:
    known = cache(body("a", version=2))
    assert known.see(body("a", version=3)) == Seen(Change.UPDATED, View("a", "u", 2), View("a", "u", 3))
    assert known.see(body("a", version=2)) == Seen(Change.OUTDATED, View("a", "u", 3), None)
    assert known.see(body("a", version=3)) == Seen(Change.SAME, View("a", "u", 3), None)
    assert known.get("a") == View("a", "u", 3)


def test_a_manifest_without_a_name_changes_nothing() -> None:
    known = cache()
    assert known.see({"metadata": {}}, deleted=True) == Seen(Change.OUTDATED, None, None)
    assert known.names() == []


def test_a_deleted_object_is_not_brought_back_by_a_late_event() -> None:
    known = cache(body("a", version=2))
    assert known.see(body("a", version=3), deleted=True) == Seen(Change.DELETED, View("a", "u", 2), View("a", "u", 3))
    assert known.see(body("a", version=4)) == Seen(Change.OUTDATED, None, None)
    assert known.get("a") is None


def test_the_deletion_of_an_earlier_object_leaves_the_present_one() -> None:
    known = cache(body("a", uid="new", version=5))
    assert known.see(body("a", uid="old", version=4), deleted=True).change is Change.EARLIER_DELETED
    assert known.get("a") == View("a", "new", 5)
    assert known.see(body("a", uid="old", version=9)).change is Change.OUTDATED


def test_only_the_known_object_can_be_removed() -> None:
    known = cache(body("a", uid="new"))
    assert not known.remove("a", "old")
    assert not known.remove("b", "new-b")
    assert known.names() == ["a"]
    assert known.remove("a", "new")
    assert list(known.views()) == []


def test_a_listing_removes_what_it_does_not_show() -> None:
    known = cache(body("listed"), body("ghost"), body("seen-since"))
    known.begin_listing()
    known.see(body("listed"))
    known.see(body("seen-since", version=2))
    known.see(body("new"))
    assert known.end_listing() == [View("ghost", "u", 1)]
    assert known.names() == ["listed", "seen-since", "new"]
    assert known.see(body("ghost", version=2)).change is Change.OUTDATED


def test_what_one_listing_showed_the_next_must_show_again() -> None:
    known = cache(body("a"))
    for _ in range(2):
        known.begin_listing()
        known.see(body("a"))
        assert known.end_listing() == []
    known.begin_listing()
    assert [ghost.name for ghost in known.end_listing()] == ["a"]


def test_an_outdated_manifest_does_not_save_an_object_from_the_listing() -> None:
    known = cache(body("a", version=2))
    known.begin_listing()
    known.see(body("a", version=1))
    assert [ghost.name for ghost in known.end_listing()] == ["a"]


def test_a_deleted_object_is_forgotten_after_the_third_listing() -> None:
    known = cache()
    known.see(body("a"), deleted=True)
    for _ in range(2):
        known.begin_listing()
        known.end_listing()
    assert known.see(body("a")).change is Change.OUTDATED
    known.begin_listing()
    known.end_listing()
    assert known.see(body("a")).change is Change.NEW


def test_a_listing_contradicts_only_what_was_known_before_it_began() -> None:
    known = cache(body("before", version=5))
    known.begin_listing()
    known.see(body("since", version=5))
    assert known.is_listed_older(body("before", version=4))
    assert not known.is_listed_older(body("before", version=5))
    assert not known.is_listed_older(body("before", uid="another", version=4))
    assert not known.is_listed_older(body("since", version=4))
    assert not known.is_listed_older(body("unknown", version=4))
    assert not known.is_listed_older({"metadata": {}})
    known.see(body("before", version=5))
    assert not known.is_listed_older(body("before", version=4))


def test_a_mark_is_taken_once() -> None:
    flags = NameFlags()
    flags.mark("a")
    flags.mark("a")
    assert [flags.take("b"), flags.take("a"), flags.take("a")] == [False, True, False]


def test_what_is_forgotten_is_new_when_it_is_seen_again() -> None:
    known = cache(body("a", version=2), body("b"))
    assert known.forget("a") == View("a", "u", 2)
    assert known.forget("a") is None
    assert known.names() == ["b"]
    assert known.see(body("a", version=1)).view == View("a", "u", 1)
