"""What models write on edges, and which of the four conditions that is. Pure."""

from typing import Literal

__all__ = ["leaves_a_loop", "says"]

_YES = frozenset(
    [
        "yes",
        "y",
        "true",
        "1",
        "on",
        "ok",
        "ja",
        "oui",
        "si",
        "sí",
        "sim",
        "da",
        "tak",
        "then",
        "positive",
        "affirmative",
        "correct",
        "if_yes",
        "if_true",
    ]
)
_NO = frozenset(
    [
        "no",
        "n",
        "false",
        "0",
        "off",
        "nein",
        "non",
        "não",
        "nee",
        "net",
        "nie",
        "else",
        "otherwise",
        "negative",
        "if_no",
        "if_false",
        "default",
    ]
)
_ALL_PROCESSED = frozenset(
    [
        "all_processed",
        "processed",
        "all_done",
        "done",
        "exit",
        "finished",
        "completed",
        "complete",
        "end",
        "after",
        "break",
        "exit_loop",
        "loop_end",
    ]
)
_NEXT = frozenset(
    [
        "next",
        "then_next",
        "continue",
        "each",
        "loop",
        "back",
        "repeat",
        "for_each",
        "body",
        "start",
        "go",
        "onward",
        "flow",
        "sequence",
    ]
)


def _bare(condition: str) -> str:
    return "_".join(condition.casefold().replace("-", " ").replace("_", " ").split())


def says(condition: str) -> Literal["yes", "no", "next", "all_processed"] | None:
    """Return which condition a text means; None for a text such as `approved`, which means something else."""
    bare = _bare(condition)
    if bare in _YES:
        return "yes"
    if bare in _NO:
        return "no"
    if bare in _ALL_PROCESSED:
        return "all_processed"
    return "next" if bare in _NEXT or not bare else None


def leaves_a_loop(condition: str) -> bool:
    """Tell whether a condition means that a loop is over."""
    return says(condition) == "all_processed"
