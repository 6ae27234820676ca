"""What a manifest means beside what is known: every row of the decision table."""

from typing import Any

import pytest

from runops_operator.informer.object_change import Change, Identity, change_of, name_of

MINE, EARLIER = "uid-2", "uid-1"
KNOWN = Identity(MINE, 5)


@pytest.mark.parametrize(
    ("known", "shown", "deleted", "uid_is_deleted", "change"),
    [
        pytest.param(None, Identity(MINE, 5), False, False, Change.NEW, id="unknown name"),
        pytest.param(None, Identity(MINE, 0), False, False, Change.NEW, id="unknown name without a version"),
        pytest.param(None, Identity(MINE, 9), False, True, Change.OUTDATED, id="late event of a deleted object"),
        pytest.param(None, Identity(MINE, 5), True, False, Change.DELETED, id="unknown object is deleted"),
        pytest.param(None, Identity(MINE, 5), True, True, Change.DELETED, id="deletion is reported twice"),
        pytest.param(KNOWN, Identity(MINE, 5), False, False, Change.SAME, id="the known version again"),
        pytest.param(KNOWN, Identity(MINE, 4), False, False, Change.OUTDATED, id="older version"),
        pytest.param(KNOWN, Identity(MINE, 6), False, False, Change.UPDATED, id="newer version"),
        pytest.param(KNOWN, Identity(MINE, 0), False, False, Change.OUTDATED, id="version cannot be read"),
        pytest.param(Identity(MINE, 0), Identity(MINE, 0), False, False, Change.UPDATED, id="no version at all"),
        pytest.param(Identity(MINE, 0), Identity(MINE, 1), False, False, Change.UPDATED, id="no version known"),
        pytest.param(KNOWN, Identity(MINE, 4), True, False, Change.DELETED, id="deletion of an older version"),
        pytest.param(KNOWN, Identity(MINE, 6), True, False, Change.DELETED, id="known object is deleted"),
        pytest.param(KNOWN, Identity("uid-3", 6), False, False, Change.NEW, id="another object, newer"),
        pytest.param(KNOWN, Identity("uid-3", 5), False, False, Change.NEW, id="another object, same version"),
        pytest.param(KNOWN, Identity(EARLIER, 4), False, False, Change.OUTDATED, id="earlier object of the name"),
        pytest.param(KNOWN, Identity("uid-3", 6), False, True, Change.OUTDATED, id="another one, known to be deleted"),
        pytest.param(KNOWN, Identity(EARLIER, 4), True, False, Change.EARLIER_DELETED, id="earlier object is deleted"),
        pytest.param(KNOWN, Identity(EARLIER, 9), True, True, Change.EARLIER_DELETED, id="its deletion again"),
    ],
)
def test_a_manifest_changes(
    known: Identity | None, shown: Identity, deleted: bool, uid_is_deleted: bool, change: Change
) -> None:
    assert change_of(shown, known, deleted=deleted, uid_is_deleted=uid_is_deleted) is change


@pytest.mark.parametrize(
    ("metadata", "identity"),
    [
        ({"uid": "u", "resourceVersion": "7"}, Identity("u", 7)),
        ({"uid": None, "resourceVersion": "opaque"}, Identity("", 0)),
        ({}, Identity("", 0)),
    ],
)
def test_identity_is_read_from_any_metadata(metadata: dict[str, Any], identity: Identity) -> None:
    assert Identity.of({"metadata": metadata}) == identity


@pytest.mark.parametrize(
    ("shown", "older"),
    [
        (Identity(MINE, 4), True),
        (Identity(MINE, 1), True),
        (Identity(MINE, 0), False),
        (Identity(MINE, 5), False),
        (Identity(MINE, 6), False),
        (Identity(EARLIER, 4), False),
    ],
)
def test_only_a_readable_lower_version_of_the_same_object_is_older(shown: Identity, older: bool) -> None:
    assert shown.is_older_than(KNOWN) is older


@pytest.mark.parametrize(
    "body", [None, [], "text", {}, {"metadata": None}, {"metadata": {}}, {"metadata": {"name": 1}}]
)
def test_what_has_no_name_has_none(body: Any) -> None:
    assert name_of(body) is None


def test_a_name_is_read() -> None:
    assert name_of({"metadata": {"name": "vj-1"}}) == "vj-1"
