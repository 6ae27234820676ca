"""The questions that a fix leaves open, and how important each is. Pure.

The rule is the one that the model's prompt gives: `high` where the procedure cannot be carried out without the answer,
`medium` where results may differ, `low` for everything else. Each text says first what is wrong, so that a question of
high importance is also a sentence for the model's repair turn. The texts are in the tables of `sop.wording`.
"""

from collections.abc import Iterable
from typing import Literal, NamedTuple

from runops_worker.sop.wording.sentences import Wording

__all__ = [
    "Question",
    "answer_used_twice",
    "child_of_two_loops",
    "dead_end",
    "endless",
    "leaves_loop_for",
    "loop_without_children",
    "loop_without_exit",
    "missing_answer",
    "more_answers",
    "no_answers",
    "no_detail",
    "no_skill",
    "other_start",
    "parallel",
    "unnamed",
    "unplaced",
    "until_when",
    "value_of",
]

_LONGEST_NAME = 80
_LEFT, _RIGHT = "\u2039", "\u203a"


class Question(NamedTuple):
    """What somebody has to answer.

    Attributes
    ----------
    sentence
        Its name in the tables.
    importance
        See above.
    step, loop, other
        Labels of nodes, or other words of the SOP, that the sentence names.
    others
        Several such labels.
    answer
        `yes` or `no`.
    """

    sentence: str
    importance: Literal["high", "medium", "low"]
    step: str
    loop: str = ""
    other: str = ""
    others: tuple[str, ...] = ()
    answer: str = ""

    def text(self, wording: Wording) -> str:
        """Return the question in one language."""
        return wording.say(
            self.sentence,
            step=_quoted(self.step),
            loop=_quoted(self.loop),
            other=_quoted(self.other),
            others=wording.listed(map(_quoted, self.others)) if self.others else "",
            answer=wording.say(self.answer) if self.answer else "",
        )


def _quoted(label: str) -> str:
    # Not in quotation marks: those are for words of the recording, and what they hold is compared with it.
    plain = " ".join(label.split())
    return f"{_LEFT}{plain if len(plain) <= _LONGEST_NAME else plain[: _LONGEST_NAME - 3] + '...'}{_RIGHT}"


def unplaced(label: str) -> Question:
    """Return the question about a step that no edge leads to."""
    return Question("unplaced", "high", label)


def endless(label: str) -> Question:
    """Return the question about steps that are repeated for ever."""
    return Question("endless", "high", label)


def no_answers(label: str) -> Question:
    """Return the question about a decision without answers."""
    return Question("no_answers", "high", label)


def more_answers(label: str, others: Iterable[str]) -> Question:
    """Return the question about a decision that leads to more than two steps."""
    return Question("more_answers", "high", label, others=tuple(others))


def answer_used_twice(label: str, answer: str, targets: Iterable[str]) -> Question:
    """Return the question about a decision whose two edges have the same answer."""
    return Question("answer_used_twice", "high", label, others=tuple(targets), answer=answer)


def loop_without_children(label: str) -> Question:
    """Return the question about a loop in which nothing is done."""
    return Question("loop_without_children", "high", label)


def unnamed(node_id: str) -> Question:
    """Return the question about a step that says nothing about itself."""
    return Question("unnamed", "high", node_id)


def missing_answer(label: str, answer: str) -> Question:
    """Return the question about an answer that leads nowhere."""
    return Question("missing_answer", "medium", label, answer=answer)


def dead_end(label: str) -> Question:
    """Return the question about a step after which nothing comes."""
    return Question("dead_end", "medium", label)


def parallel(label: str, targets: Iterable[str]) -> Question:
    """Return the question about a step after which two things come."""
    return Question("parallel", "medium", label, others=tuple(targets))


def leaves_loop_for(label: str, loop: str, target: str) -> Question:
    """Return the question about a way out of a loop to another step than the one after it."""
    return Question("leaves_loop_for", "medium", label, loop=loop, other=target)


def loop_without_exit(label: str) -> Question:
    """Return the question about what comes after a loop."""
    return Question("loop_without_exit", "medium", label)


def until_when(label: str) -> Question:
    """Return the question about a loop without exit condition."""
    return Question("until_when", "medium", label)


def child_of_two_loops(label: str, loops: Iterable[str]) -> Question:
    """Return the question about a step that several loops claim."""
    return Question("child_of_two_loops", "medium", label, others=tuple(loops))


def other_start(label: str, target: str) -> Question:
    """Return the question about a second trigger node."""
    return Question("other_start", "medium", label, other=target)


def no_detail(description: str, missing: Literal["time", "endpoint", "signal"]) -> Question:
    """Return the question about a trigger that lacks what its type needs."""
    return Question(f"no_{missing}", "medium", description)


def value_of(name: str, values: Iterable[str]) -> Question:
    """Return the question about a variable with several values."""
    return Question("value_of", "medium", name, others=tuple(values))


def no_skill(label: str) -> Question:
    """Return the question about a step whose application is not known."""
    return Question("no_skill", "low", label)
