"""Secrets that a run has read so far: which of them are told from words, and in which spellings they are found."""

import pytest

from runops_worker.transcription.known_secrets import KnownSecrets, TypedSecret, joined, pattern_of


def found(secrets: list[str], text: str) -> list[str]:
    pattern = pattern_of(secrets)
    return [] if pattern is None else pattern.findall(text)


@pytest.mark.parametrize(
    ("secret", "is_told"),
    [
        ("hunter-2024", True),
        ("abcde1", True),
        (" abcde1 ", True),
        ("abcd-1", True),
        # Too short, a word, or words.
        ("abcd1", False),
        ("swordfish", False),
        ("correct horse 7", False),
        ("", False),
        # Spelled: in one piece.
        ("h u n t e r 7", True),
        ("h-u-n-t-e-r-7", True),
        ("s w o r d s", False),
        ("a b", False),
    ],
)
def test_a_secret_is_told_from_ordinary_words(secret: str, is_told: bool) -> None:
    assert (pattern_of([secret]) is not None) is is_told


@pytest.mark.parametrize(
    ("text", "hits"),
    [
        ("It is Hunter-2024, or HUNTER-2024.", ["Hunter-2024", "HUNTER-2024"]),
        ("h u n t e r - 2 0 2 4", ["h u n t e r - 2 0 2 4"]),
        ("h. u, n_t-e r-2024", ["h. u, n_t-e r-2024"]),
        ("h   unter-2024", []),
        ("xhunter-2024 hunter-20245", []),
        ("hunter-2023", []),
    ],
)
def test_a_secret_is_found_in_other_spellings_and_not_inside_of_words(text: str, hits: list[str]) -> None:
    assert found(["hunter-2024"], text) == hits


def test_a_spelled_secret_is_known_in_one_piece() -> None:
    assert found(["h u n t e r 7"], "hunter7 and h-u-n-t-e-r-7") == ["hunter7", "h-u-n-t-e-r-7"]


def test_the_longer_one_of_two_secrets_is_found_first() -> None:
    assert found(["abcde1", "abcde1 x".replace(" ", "-")], "abcde1-x abcde1") == ["abcde1-x", "abcde1"]
    assert found(["zbcde.1", "abcde.12"], "abcde.12 zbcde.1 zbcdeX1") == ["abcde.12", "zbcde.1"]


def typed(at: float, value: str, into: str = "field") -> TypedSecret:
    return TypedSecret(at, into, value)


@pytest.mark.parametrize(
    ("parts", "whole"),
    [
        ([], []),
        ([typed(1, "a")], []),
        ([typed(1, "a"), typed(61, "b")], ["ab"]),
        ([typed(1, "a"), typed(61.1, "b")], []),
        ([typed(1, "a"), typed(50, "b"), typed(100, "c")], ["abc"]),
        ([typed(1, "a"), typed(2, "b"), typed(99, "c"), typed(100, "d")], ["ab", "cd"]),
        ([typed(1, "a"), typed(2, "x", "other"), typed(3, "b")], []),
        ([typed(1, "a"), typed(2, "b"), typed(3, "x", "other"), typed(4, "y", "other")], ["ab", "xy"]),
    ],
)
def test_parts_that_are_typed_one_after_the_other_into_one_field_are_one(
    parts: list[TypedSecret], whole: list[str]
) -> None:
    assert joined(parts) == whole


def test_what_is_learned_in_any_order_is_known() -> None:
    known = KnownSecrets()
    assert (known.pattern, known.is_hidden_everywhere) == (None, True)
    known.learn([])
    assert known.is_hidden_everywhere
    known.learn(["second-2"], [typed(5, "-2024")])
    assert known.pattern is not None
    assert not known.is_hidden_everywhere
    assert known.pattern.findall("second-2 hunter-2024") == ["second-2"]
    known.is_hidden_everywhere = True
    known.learn(["second-2"], [typed(5, "-2024")])
    assert known.is_hidden_everywhere, "nothing new"
    known.learn([], [typed(1, "hunter")])
    assert not known.is_hidden_everywhere
    assert known.pattern.findall("second-2 hunter-2024") == ["second-2", "hunter-2024"]
    assert "second-2" not in repr(known)
    assert "hunter" not in repr(typed(1, "hunter"))
