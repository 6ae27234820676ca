"""Which items of the transcript each step of a SOP rests on. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from runops.sop import Node, Sop
from runops_worker.sop.evidence.observations import Observation, Observations
from runops_worker.sop.evidence.plain_text import content_words, words_of
from runops_worker.sop.evidence.take_evidence import Cited

__all__ = ["STEPS", "Support", "support_of"]

STEPS = frozenset({"task", "decision", "loop"})
"""Types of nodes that need evidence."""

_STEM = 5
_WINDOW = 3
"""Items that are compared with a step at once: what is said and done in one go."""
_LEAST_SHARE = 0.5
"""Share of a step's words that such items must hold, where the model named no items."""
_FEW = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Support:
    """The evidence of the steps.

    Attributes
    ----------
    evidence
        The items of each step that has some, by the id of its node.
    doubtful
        Ids of the steps without evidence of which some words are in the transcript.
    unknown
        Ids of the steps without evidence of which no word is.
    """

    evidence: Mapping[str, tuple[str, ...]]
    doubtful: tuple[str, ...]
    unknown: tuple[str, ...]


def support_of(sop: Sop, cited: Cited, observed: Observations) -> Support:
    """Return what the steps rest on.

    Items that do not exist, prove nothing, or share no word with the step do not count. Words are not compared where
    most of the steps share none with their items: SOP and recording are then in different languages. Without items that
    count, a step rests on those that hold half of its words.
    """
    compared = [_Compared.of(item) for item in observed.items]
    steps = [node for node in sop.public.nodes if node.type in STEPS]
    existing = {node.id: _existing(cited.get(node.id, ()), observed) for node in steps}
    related = {
        node.id: tuple(name for name in existing[node.id] if _share_words(node, observed.by_id[name])) for node in steps
    }
    named = [name for name, ids in existing.items() if ids]
    if len(named) >= _FEW and 2 * sum(bool(related[name]) for name in named) < len(named):
        related = existing
    evidence: dict[str, tuple[str, ...]] = {}
    doubtful: list[str] = []
    unknown: list[str] = []
    for node in steps:
        # All items that the step names, if any of them is related: an item may show what the step puts in other words.
        ids = existing[node.id] if related[node.id] else ()
        share, best = (0.0, ()) if ids else _best(_words(node), compared)
        if ids or share >= _LEAST_SHARE:
            evidence[node.id] = ids or best
        elif share > 0:
            doubtful.append(node.id)
        else:
            unknown.append(node.id)
    return Support(evidence=evidence, doubtful=tuple(doubtful), unknown=tuple(unknown))


def _existing(ids: Sequence[str], observed: Observations) -> tuple[str, ...]:
    return tuple(name for name in ids if name in observed.by_id and observed.by_id[name].proves)


def _share_words(node: Node, item: Observation) -> bool:
    said = " ".join(filter(None, (node.label, node.intent, node.context, node.iterator, node.exit_condition)))
    own = _stems(word for word in words_of(said) if len(word) > 2)
    return bool(own & _stems(word for word in words_of(item.text) if len(word) > 2))


def _words(node: Node) -> list[str]:
    return content_words(node.label) or [word for word in words_of(node.label) if len(word) > 2]


def _stems(words: Iterable[str]) -> frozenset[str]:
    return frozenset(word[:_STEM] for word in words)


@dataclass(frozen=True, slots=True)
class _Compared:
    name: str
    stems: frozenset[str]

    @classmethod
    def of(cls, item: Observation) -> "_Compared":
        return cls(item.id, _stems(words_of(item.text)) if item.proves else frozenset())


def _best(words: Sequence[str], items: Sequence[_Compared]) -> tuple[float, tuple[str, ...]]:
    """Return the largest share of the words that neighbouring items hold, and those items."""
    wanted = _stems(words)
    if not wanted:
        return 0.0, ()
    most = 0
    ids: tuple[str, ...] = ()
    for first in range(len(items)):
        window = items[first : first + _WINDOW]
        held = {stem for item in window for stem in wanted & item.stems}
        if len(held) > most:
            most, ids = len(held), tuple(item.name for item in window if wanted & item.stems)
    return most / len(wanted), ids
