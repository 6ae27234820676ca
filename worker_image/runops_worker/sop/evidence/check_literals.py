"""Replaces what a SOP states literally and the recording neither shows nor says. Pure."""

from dataclasses import dataclass, field
from typing import Any

from runops.recorded_secrets.texts import change_texts
from runops.sop import Sop
from runops_worker.sop.evidence.literals import Kind, Literal, is_observed, literals
from runops_worker.sop.evidence.observations import Observations
from runops_worker.sop.mask_sop import NAMES_AND_KINDS
from runops_worker.sop.wording.sentences import Wording

__all__ = ["CheckedLiterals", "check_literals"]

_KEPT = NAMES_AND_KINDS | {"variables_in", "variables_out", "position"}
_MOST_CAPITALISED = 0.2
"""Share of the words inside sentences that begin with a capital letter. German, or titles, have more."""
_FEWEST_WORDS = 5
_MOST_QUESTIONS = 15


@dataclass(frozen=True, slots=True)
class CheckedLiterals:
    """A SOP whose literals are all in the recording.

    Attributes
    ----------
    sop
        In place of each other literal is a variable such as `{address}`.
    questions
        What to ask the owner. They do not repeat what was replaced: nobody has seen it.
    count
        How many different literals were replaced.
    """

    sop: Sop
    questions: tuple[str, ...]
    count: int


def check_literals(sop: Sop, observed: Observations, *, wording: Wording) -> CheckedLiterals:
    """Return the SOP with each literal that the recording neither shows nor says replaced by a variable.

    Parameters
    ----------
    sop, observed
        What is compared.
    wording
        Of the questions, and of the examples of variables.
    """
    names = not wording.capitalises_nouns and _has_names(sop)
    check = _Check(observed, names=names, taken=set(sop.public.variables or {}))
    value = sop.model_dump(exclude_none=True)
    public, variables = value["public"], value["public"].get("variables") or {}
    asked: list[str] = []

    def checked(part: Any) -> tuple[Any, list[Kind]]:
        check.kinds = []
        changed = change_texts(part, check.text, keep=_KEPT)
        return changed, list(dict.fromkeys(check.kinds))

    value["meta"], kinds = checked(value["meta"])
    public["triggers"], more = checked(public["triggers"])
    if kinds or more:
        asked.append(wording.say("description_named", kinds=_listed([*kinds, *more], wording)))
    for number, node in enumerate(public["nodes"]):
        public["nodes"][number], kinds = checked(node)
        if kinds:
            label = public["nodes"][number]["label"]
            asked.append(wording.say("step_named", step=label, kinds=_listed(kinds, wording)))
    for key, example in variables.items():
        _, kinds = checked(example)
        if kinds:
            variables[key] = wording.say("unknown_value")
            asked.append(wording.say("example_of", variable=f"{{{key}}}"))
    public["clarification_requests"], _ = checked(public.get("clarification_requests") or [])
    if "private" in value:
        value["private"], _ = checked(value["private"])
    if not check.replaced:
        return CheckedLiterals(sop, (), 0)
    public["variables"] = {**variables, **dict.fromkeys(check.replaced.values(), wording.say("unknown_value"))}
    if not public["clarification_requests"]:
        del public["clarification_requests"]
    return CheckedLiterals(Sop.model_validate(value), _bounded(asked, wording), len(check.replaced))


@dataclass
class _Check:
    observed: Observations
    names: bool
    taken: set[str]
    replaced: dict[tuple[Kind, str], str] = field(default_factory=dict)
    kinds: list[Kind] = field(default_factory=list)

    def text(self, text: str) -> str:
        parts: list[str] = []
        at = 0
        for literal in literals(text, names=self.names):
            if not is_observed(literal, self.observed):
                self.kinds.append(literal.kind)
                parts += (text[at : literal.start], "{" + self._variable(literal) + "}")
                at = literal.end
        return "".join((*parts, text[at:]))

    def _variable(self, literal: Literal) -> str:
        """Return the variable in place of a literal: the same one wherever it is named."""
        key = (literal.kind, literal.text.casefold())
        if key not in self.replaced:
            numbered = (f"{literal.kind}_{number}" for number in range(2, len(self.taken) + 3))
            self.replaced[key] = next(name for name in (literal.kind, *numbered) if name not in self.taken)
            self.taken.add(self.replaced[key])
        return self.replaced[key]


def _has_names(sop: Sop) -> bool:
    """Tell whether a capital letter inside a sentence marks a name."""
    inside: list[str] = []
    for node in sop.public.nodes:
        for text in filter(None, (node.label, node.intent, node.context)):
            inside += [word for word in text.split()[1:] if word[:1].isalpha()]
    capitalised = sum(word[0].isupper() for word in inside)
    return len(inside) < _FEWEST_WORDS or capitalised <= _MOST_CAPITALISED * len(inside)


def _listed(kinds: list[Kind], wording: Wording) -> str:
    return wording.listed(wording.say(kind) for kind in dict.fromkeys(kinds))


def _bounded(questions: list[str], wording: Wording) -> tuple[str, ...]:
    if len(questions) <= _MOST_QUESTIONS:
        return tuple(questions)
    more = len(questions) - _MOST_QUESTIONS + 1
    return (*questions[: _MOST_QUESTIONS - 1], wording.say("more_steps_named", count=more))
