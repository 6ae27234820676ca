"""Which manifests have a VideoJob reconciled, what observers receive, and what is known of deleted VideoJobs."""

from typing import Any

import pytest

from runops_operator.informer.store import HistoryWentBack, Store
from runops_operator.manifests.labels import BY_ANNOTATION
from runops_operator.manifests.observed import VideoJobView

NAME = "vj-1"


def videojob(version: int = 1, *, uid: str = "u", name: str = NAME, **status: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "uid": uid, "resourceVersion": str(version)}, "spec": {}, "status": status}


def finished(version: int = 1, **named: Any) -> dict[str, Any]:
    said = {"type": "Finished", "status": "True", "reason": "R", "lastTransitionTime": "2026-01-01T00:00:00Z"}
    return videojob(version, conditions=[said], **named)


def job(version: int = 1, *, uid: str = "j", active: int = 0) -> dict[str, Any]:
    return {"metadata": {"name": NAME, "uid": uid, "resourceVersion": str(version)}, "status": {"active": active}}


class Watched:
    """A store and what its observer received."""

    def __init__(self) -> None:
        self.received: list[tuple[int | None, int]] = []
        self.store = Store(self._observe)

    def _observe(self, before: VideoJobView | None, view: VideoJobView) -> None:
        self.received.append((None if before is None else before.version, view.version))


@pytest.fixture
def watched() -> Watched:
    return Watched()


def test_a_videojob_is_reconciled_when_more_than_the_workers_progress_changes(watched: Watched) -> None:
    store = watched.store
    assert store.see_videojob(videojob(1))
    assert not store.see_videojob(videojob(2, progress="42%"))
    assert store.see_videojob(videojob(3, progress="42%", phase="Running"))
    assert not store.see_videojob(videojob(3, phase="Failed"))
    assert not store.see_videojob(videojob(2, phase="Failed"))
    assert watched.received == [(None, 1), (1, 2), (2, 3)]


def test_a_videojob_that_replaces_one_of_the_same_name_is_a_new_one_to_observers(watched: Watched) -> None:
    watched.store.see_videojob(videojob(1))
    assert watched.store.see_videojob(videojob(2, uid="another"))
    assert watched.received == [(None, 1), (None, 2)]


def test_a_deleted_videojob_is_reconciled_and_kept_until_its_row_is_updated(watched: Watched) -> None:
    store = watched.store
    store.see_videojob(videojob(1))
    assert store.see_videojob(videojob(2), deleted=True)
    assert store.videojob(NAME) is None
    assert list(store.unfinished()) == []
    last = store.deleted(NAME)
    assert last is not None
    assert last.version == 2
    store.forget_deleted(last)
    assert store.deleted(NAME) is None
    assert watched.received == [(None, 1)]


def test_an_earlier_deleted_videojob_does_not_hide_a_later_one() -> None:
    store = Store()
    store.see_videojob(videojob(1), deleted=True)
    first = store.deleted(NAME)
    store.see_videojob(videojob(2, uid="later"))
    store.see_videojob(videojob(3, uid="later"), deleted=True)
    assert first is not None
    store.forget_deleted(first)
    last = store.deleted(NAME)
    assert last is not None
    assert last.uid == "later"
    store.forget_deleted(last)
    store.forget_deleted(last)
    assert store.deleted(NAME) is None


def test_the_deletion_of_an_earlier_videojob_leaves_the_present_one_and_its_row_alone() -> None:
    store = Store()
    store.see_videojob(videojob(5, uid="present"))
    assert store.see_videojob(videojob(4, uid="earlier"), deleted=True)
    assert store.deleted(NAME) is None
    assert [view.uid for view in store.unfinished()] == ["present"]


def test_a_videojob_the_api_server_does_not_know_is_deleted() -> None:
    store = Store()
    store.see_videojob(videojob(1))
    known = store.videojob(NAME)
    store.drop_videojob(NAME)
    store.drop_videojob("vj-unknown")
    assert store.videojob(NAME) is None
    assert store.deleted(NAME) is known
    assert store.deleted("vj-unknown") is None
    assert store.count_unfinished() == 0
    assert not store.see_videojob(videojob(2)), "an event that was on its way does not bring it back"


def test_whoever_asked_for_it_receives_the_last_view_of_each_deleted_videojob_once() -> None:
    store, deleted = Store(), list[tuple[str, str]]()
    store.observe(lambda _before, _view: None, deleted=lambda last: deleted.append((last.name, last.uid)))
    for name in ("vj-event", "vj-answer", "vj-listing", "vj-present"):
        store.see_videojob(videojob(5, name=name, uid="u-" + name))
    store.see_videojob(videojob(6, name="vj-event", uid="u-vj-event"), deleted=True)
    store.drop_videojob("vj-answer")
    store.begin_listing()
    store.see_listed_videojob(videojob(5, name="vj-present", uid="u-vj-present"))
    store.end_listing()
    # An earlier one of a name that is in use again.
    store.see_videojob(videojob(4, name="vj-present", uid="earlier"), deleted=True)
    assert deleted == [
        ("vj-event", "u-vj-event"),
        ("vj-answer", "u-vj-answer"),
        ("vj-listing", "u-vj-listing"),
        ("vj-present", "earlier"),
    ]


def test_a_videojob_counts_as_unfinished_until_it_ends() -> None:
    store = Store()
    store.see_videojob(videojob(1))
    store.see_videojob(videojob(1, name="vj-2"))
    assert store.count_unfinished() == 2
    store.see_videojob(finished(2))
    store.see_videojob(finished(2, name="vj-3"))
    assert [view.name for view in store.unfinished()] == ["vj-2"]
    assert [view.name for view in store.videojobs()] == [NAME, "vj-2", "vj-3"]


@pytest.mark.parametrize("body", [{}, {"metadata": {"uid": "u"}}])
def test_an_object_without_a_name_changes_nothing(body: dict[str, Any], watched: Watched) -> None:
    store = watched.store
    assert not store.see_videojob(body)
    assert not store.see_videojob(body, deleted=True)
    assert not store.see_job(body)
    assert not store.see_job(body, deleted=True)
    store.see_listed_videojob(body)
    assert store.names() == []
    assert watched.received == []


def test_a_listing_that_shows_an_older_videojob_than_before_it_began_ends_the_operator() -> None:
    store = Store()
    store.see_videojob(videojob(5))
    store.begin_listing()
    with pytest.raises(HistoryWentBack):
        store.see_listed_videojob(videojob(4))


def test_a_listing_takes_in_what_it_shows_and_removes_the_rest() -> None:
    store = Store()
    store.see_videojob(videojob(1))
    store.see_videojob(videojob(1, name="vj-ghost"))
    store.see_job(job(1))
    store.begin_listing()
    store.see_listed_videojob(videojob(1))
    store.see_listed_videojob(videojob(1, name="vj-new"))
    assert store.end_listing() == ["vj-ghost"]
    assert store.names() == [NAME, "vj-new"]
    assert [view.name for view in store.unfinished()] == [NAME, "vj-new"]
    assert store.deleted("vj-ghost") is not None
    assert store.job(NAME) is None, "the Job was not listed"
    assert not store.see_job(job(2)), "an event that was on its way does not bring the Job back"


def test_a_listing_keeps_a_job_that_it_shows() -> None:
    store = Store()
    store.see_job(job(1))
    store.begin_listing()
    assert not store.see_job(job(1))
    store.end_listing()
    assert store.job(NAME) is not None


def _with_listed_pods() -> Store:
    store = Store()
    store.see_job(job(1))
    store.pods.begin([NAME])
    store.pods.end()
    return store


def test_a_job_is_reconciled_with_its_pods_read_again_when_it_changes() -> None:
    store = _with_listed_pods()
    assert store.see_job(job(2, active=1))
    assert store.pods.take(NAME, "j") is None


def test_a_job_whose_new_version_says_the_same_is_not_reconciled() -> None:
    store = _with_listed_pods()
    assert not store.see_job(job(2))
    assert store.pods.take(NAME, "j") == []


def test_a_deleted_job_is_reconciled_with_its_pods_read_again() -> None:
    store = _with_listed_pods()
    assert store.see_job(job(1), deleted=True)
    assert store.job(NAME) is None
    assert store.pods.take(NAME, "j") is None


def test_the_deletion_of_an_earlier_job_leaves_the_present_one() -> None:
    store = _with_listed_pods()
    assert store.see_job(job(1, uid="earlier"), deleted=True)
    assert store.job(NAME) is not None
    assert store.pods.take(NAME, "j") == []


def test_only_the_job_that_was_deleted_is_dropped() -> None:
    store = _with_listed_pods()
    store.drop_job(NAME, "earlier")
    assert store.job(NAME) is not None
    assert store.pods.take(NAME, "j") == []
    store.pods.begin([NAME])
    store.pods.end()
    store.drop_job(NAME, "j")
    assert store.job(NAME) is None
    assert store.pods.take(NAME, "j") is None


def test_a_row_to_read_and_a_fresh_claim_are_marked_apart() -> None:
    store = Store()
    store.rows_to_read.mark(NAME)
    assert not store.fresh_claims.take(NAME, "token")
    assert store.rows_to_read.take(NAME)


def test_an_observer_that_fails_keeps_nothing_from_being_reconciled_or_observed_by_others(
    watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_: object) -> None:
        raise OverflowError("int too large to convert to float")

    deleted: list[str] = []
    store = Store(fails, watched._observe)
    store.observe(fails, deleted=fails)
    store.observe(fails, deleted=lambda last: deleted.append(last.name))
    assert store.see_videojob(videojob(1))
    assert watched.received == [(None, 1)]
    assert store.see_videojob(videojob(2), deleted=True)
    assert deleted == [NAME]
    assert store.deleted(NAME) is not None
    assert set(caplog.messages) == {
        "Unexpected error about a newer view of vj-1.",
        "Unexpected error about the deletion of vj-1.",
    }


def claimed_by(holder: str, version: int = 1, **named: Any) -> dict[str, Any]:
    body = videojob(version, **named)
    body["metadata"]["annotations"] = {BY_ANNOTATION: holder}
    return body


def test_a_videojob_that_another_installation_claimed_is_as_if_it_did_not_exist() -> None:
    store = Store(own_names={"ours", "earlier"})
    assert not store.see_videojob(claimed_by("theirs", name="vj-2"))
    assert store.videojob("vj-2") is None
    for number, holder in enumerate(("ours", "earlier"), 3):
        assert store.see_videojob(claimed_by(holder, name=f"vj-{number}"))
    assert not store.see_videojob({"metadata": {"annotations": {BY_ANNOTATION: "theirs"}}}), "it has no name"
    assert sorted(store.names()) == ["vj-3", "vj-4"]
    assert Store().see_videojob(claimed_by("theirs")), "without names of its own it takes in every VideoJob"


def test_a_videojob_that_another_installation_claims_is_forgotten_and_those_who_count_it_are_told() -> None:
    store = Store(own_names={"ours"})
    gone: list[str] = []
    store.observe(lambda _before, _view: None, deleted=lambda view: gone.append(view.name))
    store.see_videojob(videojob(1))
    store.see_videojob(videojob(1, name="vj-2"))
    assert not store.see_videojob(claimed_by("theirs", 2))
    assert (gone, store.count_unfinished(), store.names()) == ([NAME], 1, ["vj-2"])
    assert store.deleted(NAME) is None, "its row is the other's"
