"""Which items of the transcript each step of a SOP rests on. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

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
    instructed
        Ids of the steps whose words only a text has that instructs a model. They have no evidence, whatever they name.
    """

    evidence: Mapping[str, tuple[str, ...]]
    doubtful: tuple[str, ...]
    unknown: tuple[str, ...]
    instructed: tuple[str, ...] = ()


def support_of(sop: Sop, cited: Cited, observed: Observations) -> Support:
    """Return what the steps rest on.

    Items that do not exist, prove nothing, or share no word with the step do not count. Words are not compared where
    most of the steps share none with their items: SOP and recording are then in different languages. Without items that
    count, a step rests on those that hold half of its words.
    """
    compared = _Compared(observed.items)
    steps = [node for node in sop.public.nodes if node.type in STEPS]
    existing = {node.id: _existing(cited.get(node.id, ()), observed) for node in steps}
    related = {
        node.id: tuple(name for name in existing[node.id] if _share_words(node, observed.by_id[name])) for node in steps
    }
    instructed = _instructed(steps, existing, observed)
    named = [name for name, ids in existing.items() if ids]
    if len(named) >= _FEW and 2 * sum(bool(related[name]) for name in named) < len(named):
        related = existing
    evidence: dict[str, tuple[str, ...]] = {}
    doubtful: list[str] = []
    unknown: list[str] = []
    for node in steps:
        if node.id in instructed:
            continue
        # All items that the step names, if any of them is related: an item may show what the step puts in other words.
        ids = existing[node.id] if related[node.id] else ()
        share, best = (0.0, ()) if ids else compared.best(_words(node))
        if ids or share >= _LEAST_SHARE:
            evidence[node.id] = ids or best
        elif share > 0:
            doubtful.append(node.id)
        else:
            unknown.append(node.id)
    return Support(evidence=evidence, doubtful=tuple(doubtful), unknown=tuple(unknown), instructed=tuple(instructed))


def _instructed(
    steps: Sequence[Node], existing: Mapping[str, tuple[str, ...]], observed: Observations
) -> dict[str, None]:
    """Return the steps that do what a text for a model says, and nothing of what was done or said besides.

    Half of the words of such a step are in those texts only, and none is in the items that it names: somebody who types
    a text for a model into a chat does a step that names the chat.
    """
    if not observed.instructions:
        return {}
    only_instructed = _stems(content_words(observed.instructions)) - _stems(words_of(observed.text))
    found: dict[str, None] = {}
    for node in steps:
        own = _stems(_words(node))
        named = _stems(word for name in existing[node.id] for word in content_words(observed.by_id[name].text))
        if own and 2 * len(own & only_instructed) >= len(own) and not own & named:
            found[node.id] = None
    return found


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


class _Compared:
    """The words of all items, in sets of bits: the bit at an item's index is set where the item holds the word."""

    def __init__(self, items: Sequence[Observation]) -> None:
        self._names = [item.id for item in items]
        stems_of = cache(lambda text: _stems(words_of(text)))
        self._stems = [stems_of(item.text) if item.proves else frozenset[str]() for item in items]
        self._places: dict[str, int] = {}
        for place, stems in enumerate(self._stems):
            for stem in stems:
                self._places[stem] = self._places.get(stem, 0) | 1 << place

    def best(self, words: Sequence[str]) -> tuple[float, tuple[str, ...]]:
        """Return the largest share of the words that neighbouring items hold, and those items."""
        wanted = _stems(words)
        # At an index of this list: where a window begins that holds so many of the words.
        holding = [(1 << len(self._names)) - 1]
        for stem in wanted:
            places = self._places.get(stem, 0)
            begins = places
            for before in range(1, _WINDOW):
                begins |= places >> before
            holding.append(0)
            for count in range(len(holding) - 1, 0, -1):
                holding[count] |= holding[count - 1] & begins
        most = max((count for count, begins in enumerate(holding) if begins), default=0)
        if most == 0:
            return 0.0, ()
        first = (holding[most] & -holding[most]).bit_length() - 1
        window = range(first, min(first + _WINDOW, len(self._names)))
        return most / len(wanted), tuple(self._names[place] for place in window if wanted & self._stems[place])
