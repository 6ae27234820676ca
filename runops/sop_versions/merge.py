"""Merges a new SOP with the edits that people made to the one before: base, edited, new. Pure.

A part that only one side changed is taken from that side. A part that both changed alike is taken once. Everything else
is a conflict, and then nothing is merged: a person decides.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from runops.sop_outline import in_outline_order
from runops.sop_versions.conflict import Conflict
from runops.sop_versions.values import known_sop, objects, same, text_of

__all__ = ["Merged", "merge"]

_Object = Mapping[str, Any]
_PARTS = ("meta", "public", "private")
_NO_BASE = Conflict("the SOP", "it is not known what of the one in the table was generated and what was edited")


@dataclass(frozen=True, slots=True)
class Merged:
    """The result.

    Attributes
    ----------
    sop
        The SOP to keep; the edited one where there are conflicts.
    conflicts
        What both sides changed in different ways.
    keeps_edits
        Whether something in the SOP is there because a person edited it.
    """

    sop: dict[str, Any]
    conflicts: tuple[Conflict, ...] = ()
    keeps_edits: bool = False


def merge(base: dict[str, Any] | None, edited: dict[str, Any], new: dict[str, Any]) -> Merged:
    """Return the new SOP with the edits, or the edited one with the conflicts.

    Parts are nodes and skills by their ids, edges by source and condition, variables by name, questions by their words.
    Within a node each field is a part. A merged SOP keeps the rules of a SOP's graph: where it would not, that is a
    conflict.

    Parameters
    ----------
    base
        What was generated before; None, or an empty object, where that is not known.
    edited
        What is in the table.
    new
        What is generated now. It keeps the rules.
    """
    if base is not None and same(edited, base):
        return Merged(new)
    if same(edited, new):
        return Merged(edited)
    if not base:
        return Merged(edited, (_NO_BASE,))
    if same(new, base):
        return Merged(edited, keeps_edits=True)
    merging = _Merging()
    merged = merging.sop(base, edited, new)
    if merging.conflicts:
        return Merged(edited, tuple(merging.conflicts))
    known = known_sop(merged)
    if isinstance(known, list):
        return Merged(edited, tuple(Conflict("the graph", fault) for fault in known))
    order = {node.id: index for index, node in enumerate(in_outline_order(known).public.nodes)}
    merged["public"]["nodes"].sort(key=lambda node: order[node["id"]])
    return Merged(merged, keeps_edits=not same(merged, new))


@dataclass(slots=True)
class _Merging:
    """One merge, with the conflicts found so far."""

    conflicts: list[Conflict] = field(default_factory=list)

    def sop(self, base: _Object, edited: _Object, new: _Object) -> dict[str, Any]:
        given = (base, edited, new)
        parts = [[_as_object(version.get(name)) for version in given] for name in _PARTS]
        if any(part is None for three in parts for part in three):
            self.conflicts.append(Conflict("the SOP", "one of its parts is no object"))
            return {}
        meta, public, private = parts
        if edited.get("private") is None:
            # An app that does not show it may leave it out when it saves: nobody removed it.
            private[1] = private[0]
        merged = self._fields(*given, place="the SOP", without=_PARTS)
        merged["meta"] = self._fields(*meta, place="the description", prefer={"created": 2})  # type: ignore[arg-type]
        merged["public"] = self._public(*public)  # type: ignore[arg-type]
        nodes = [node.get("id") for node in merged["public"]["nodes"]]
        if any(private):
            merged["private"] = self._private(*private, nodes=nodes)  # type: ignore[arg-type]
        return merged

    def _public(self, base: _Object, edited: _Object, new: _Object) -> dict[str, Any]:
        given = (base, edited, new)
        apart = ("nodes", "edges", "variables", "clarification_requests")
        merged = self._fields(*given, place="the procedure", without=apart)
        merged["nodes"] = self._listed(
            given, "nodes", key=lambda node: node.get("id"), place=_step, prefer={"position": 1}
        )
        merged["edges"] = self._listed(
            given, "edges", key=lambda edge: (edge.get("source"), edge.get("condition")), place=_way
        )
        variables = self._variables(*(version.get("variables") for version in given))
        questions = self._questions(*(version.get("clarification_requests") for version in given))
        return merged | {
            name: value
            for name, value in (("variables", variables), ("clarification_requests", questions))
            if value or new.get(name) is not None
        }

    def _private(self, base: _Object, edited: _Object, new: _Object, *, nodes: Sequence[Any]) -> dict[str, Any]:
        given = (base, edited, new)
        merged = self._fields(*given, place="the skills", without=("skills", "steps"))
        merged["skills"] = self._listed(given, "skills", key=lambda skill: skill.get("id"), place=_skill)
        steps = self._listed(
            given, "steps", key=lambda step: (step.get("node_id"), step.get("primary_skill")), place=_use
        )
        # What carries out a step that one side has removed goes with it.
        there = set(map(_as_key, nodes))
        merged["steps"] = [step for step in steps if _as_key(step.get("node_id")) in there]
        return {**merged, "artifacts": merged.get("artifacts") or []}

    def _fields(
        self,
        base: _Object,
        edited: _Object,
        new: _Object,
        *,
        place: str,
        prefer: Mapping[str, int] | None = None,
        without: Iterable[str] = (),
    ) -> dict[str, Any]:
        """Merge objects key by key; `prefer` names which version wins a key in place of a conflict: 1 edited, 2 new."""
        merged: dict[str, Any] = {}
        for name in dict.fromkeys((*new, *edited)):
            if name in without:
                continue
            three = (base.get(name), edited.get(name), new.get(name))
            where = f"{name} of {place}"
            value = self._value(*three, where=where, prefer=None if prefer is None else prefer.get(name))
            if value is not None:
                merged[name] = value
        return merged

    def _value(self, base: Any, edited: Any, new: Any, *, where: str, prefer: int | None = None) -> Any:
        if same(edited, new) or same(base, edited):
            return new
        if same(base, new):
            return edited
        if prefer is None:
            self.conflicts.append(Conflict(where, "edited in the app, and different in the new SOP"))
        return new if prefer == 2 else edited

    def _listed(
        self,
        given: Sequence[_Object],
        name: str,
        *,
        key: Callable[[_Object], Any],
        place: Callable[[Any], str],
        prefer: Mapping[str, int] | None = None,
    ) -> list[dict[str, Any]]:
        """Merge lists of objects that have keys, in the new order; what only the edited list has follows its place."""
        lists = [objects(version.get(name)) for version in given]
        if any(one is None for one in lists):
            self.conflicts.append(Conflict(name, "one version of them is no list of objects"))
            return []
        base, edited, new = (_by_key(one or [], key) for one in lists)
        merged: dict[Any, list[dict[str, Any]]] = {}
        for one in _in_order(new, edited):
            three = [version.get(one, []) for version in (base, edited, new)]
            if max(map(len, three)) > 1:
                kept = self._value(*three, where=place(one))
            else:
                kept = self._item(*(next(iter(items), None) for items in three), place=place(one), prefer=prefer or {})
            if kept:
                merged[one] = kept
        return [item for items in merged.values() for item in items]

    def _item(
        self,
        base: dict[str, Any] | None,
        edited: dict[str, Any] | None,
        new: dict[str, Any] | None,
        *,
        place: str,
        prefer: Mapping[str, int],
    ) -> list[dict[str, Any]]:
        if edited is not None and new is not None:
            return [self._fields(base or {}, edited, new, place=place, prefer=prefer)]
        if base is None:
            return [item for item in (edited, new) if item is not None]
        left = new if edited is None else edited
        if left is not None and not same(_without(left, prefer), _without(base, prefer)):
            removed, changed = ("edited in the app", "not in the new SOP")
            if edited is None:
                removed, changed = ("removed in the app", "changed in the new SOP")
            self.conflicts.append(Conflict(place, f"{removed}, and {changed}"))
            return [left]
        return []

    def _variables(self, base: Any, edited: Any, new: Any) -> Any:
        if not all(value is None or isinstance(value, Mapping) for value in (base, edited, new)):
            return self._value(base, edited, new, where="the variables")
        base, edited, new = base or {}, edited or {}, new or {}
        merged: dict[str, Any] = {}
        for name in dict.fromkeys((*new, *edited)):
            # As lists: a name without a value is one all the same.
            three = ([version[name]] if name in version else [] for version in (base, edited, new))
            kept = self._value(*three, where=f"the variable {name}")
            if kept:
                merged[name] = kept[0]
        return merged

    def _questions(self, base: Any, edited: Any, new: Any) -> Any:
        """Merge questions by their words: each was settled, added or left by one side, so none is in conflict."""
        lists = [objects(value) for value in (base, edited, new)]
        if any(one is None for one in lists):
            return self._value(base, edited, new, where="the open questions")
        old, theirs, ours = ({_words_of(item): item for item in one or []} for one in lists)
        kept = [
            self._fields(old.get(words, {}), theirs.get(words, item), item, place="a question", prefer=_OF_A_QUESTION)
            for words, item in ours.items()
            if words not in old or words in theirs
        ]
        kept += [item for words, item in theirs.items() if words not in old and words not in ours]
        return _with_own_ids(kept)


_OF_A_QUESTION = {"id": 2, "question": 1, "importance": 1}


def _as_object(value: Any) -> _Object | None:
    if value is None:
        return {}
    return value if isinstance(value, Mapping) else None


def _by_key(items: Sequence[dict[str, Any]], key: Callable[[_Object], Any]) -> dict[Any, list[dict[str, Any]]]:
    found: dict[Any, list[dict[str, Any]]] = {}
    for item in items:
        found.setdefault(_as_key(key(item)), []).append(item)
    return found


def _as_key(name: Any) -> Any:
    # A list or an object cannot be a key of a dict.
    return repr(name) if any(isinstance(part, list | dict) for part in _parts(name)) else name


def _parts(name: Any) -> tuple[Any, ...]:
    return name if isinstance(name, tuple) else (name,)


def _in_order(new: Iterable[Any], edited: Iterable[Any]) -> Iterator[Any]:
    """Yield all keys: in the new order, and each that only the edited list has behind the one before it there."""
    start, end = object(), object()
    # What follows each of them, since what an app has written may be very long.
    following: dict[Any, Any] = {}
    before: Any = start
    for one in new:
        following[before] = one
        before = one
    following[before] = end
    before = start
    for one in edited:
        if one not in following:
            following[one] = following[before]
            following[before] = one
        before = one
    before = start
    while (before := following[before]) is not end:
        yield before


def _without(item: _Object, names: Iterable[str]) -> dict[str, Any]:
    left_out = set(names)
    return {name: value for name, value in item.items() if name not in left_out}


def _words_of(question: _Object) -> str:
    return text_of(question.get("question")) or repr(question)


def _with_own_ids(questions: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    taken: set[Any] = set()
    numbers: dict[Any, int] = {}
    kept = []
    for item in questions:
        first = _as_key(item.get("id"))
        name, number = item.get("id"), numbers.get(first, 2)
        while _as_key(name) in taken:
            name, number = f"{item.get('id')}-{number}", number + 1
        numbers[first] = number
        taken.add(_as_key(name))
        kept.append({**item, "id": name})
    return kept


def _step(name: Any) -> str:
    return f'the step "{name}"'


def _way(name: Any) -> str:
    source, condition = name if isinstance(name, tuple) else (name, "")
    return f'the way "{condition}" from "{source}"'


def _skill(name: Any) -> str:
    return f'the skill "{name}"'


def _use(name: Any) -> str:
    return f'the skill of the step "{name[0] if isinstance(name, tuple) else name}"'
