"""What a faithful model says of a recording whose scenes carry marks. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby, pairwise
from typing import Any

from devstack.gemini.answers.transcript import stamp
from devstack.gemini.files.measure import Media
from devstack.gemini.scenes import Scene

__all__ = ["scene_items", "scene_procedure", "texts_of_scenes"]

_Item = dict[str, Any]


def scene_items(media: Media, scenes: Mapping[int, Scene], *, start: float, end: float) -> list[_Item]:
    """Return the items of the scenes of a file, ordered by time; empty where it has no mark of a known scene.

    Parameters
    ----------
    media
        What was measured.
    scenes
        What the scenes show and say. What is said is heard only where sound was measured.
    start, end
        Seconds from the start of the file.
    """
    items: list[tuple[float, _Item]] = []
    for scene, first, last in _shown(media, scenes):
        begin, stop = max(float(first), start), min(float(last), end, media.duration)
        if begin >= stop:
            continue
        for number, seen in enumerate(scene.seen):
            at = min(begin + number, stop)
            items.append((at, {"timestamp_start_visual": stamp(at), **seen}))
        if scene.said and any(sound.start < stop and sound.end > begin for sound in media.sounds):
            said = {
                "timestamp_start_audio": stamp(begin),
                "timestamp_end_audio": stamp(stop),
                "verbatim_transcript_segment": scene.said,
            }
            items.append((begin, said))
    return [item for _, item in sorted(items, key=lambda entry: entry[0])]


def _shown(media: Media, scenes: Mapping[int, Scene]) -> Iterator[tuple[Scene, int, int]]:
    """Yield each scene with its first second and that after its last."""
    at = 0
    for mark, run in groupby(media.marks):
        length = len(list(run))
        if mark is not None and mark in scenes:
            yield scenes[mark], at, at + length
        at += length


def texts_of_scenes(items: Sequence[_Item]) -> Iterator[str]:
    """Yield the texts of items."""
    for item in items:
        for value in item.values():
            if isinstance(value, str):
                yield value
            elif isinstance(value, dict):
                yield from texts_of_scenes([value])


def scene_procedure(items: Sequence[_Item], scenes: Mapping[int, Scene]) -> dict[str, Any] | None:
    """Return the SOP of a transcript: the step of each scene that it tells of; None where it tells of none.

    A step rests on the items of its scene, by the names that the request gave them.
    """
    steps = [(scene.step, names) for scene in scenes.values() if scene.step and (names := _names(items, scene))]
    if not steps:
        return None
    steps.sort(key=lambda step: step[1])
    nodes = [
        {"id": "start", "type": "trigger", "evidence": [], "label": "Begin"},
        *(
            {"id": f"step-{number}", "type": "task", "evidence": names, "label": label}
            for number, (label, names) in enumerate(steps, start=1)
        ),
        {"id": "end", "type": "end", "evidence": [], "label": "Done"},
    ]
    return {
        "meta": {
            "title": "Work of the recording",
            "version": "1.0.0",
            "goal": "The work is done.",
            "purpose": "",
            "owner": [],
        },
        "public": {
            "triggers": [{"type": "manual", "description": "Somebody decides to."}],
            "nodes": nodes,
            "edges": [
                {"source": one["id"], "target": other["id"], "condition": "next"} for one, other in pairwise(nodes)
            ],
            "clarification_requests": [],
        },
        "private": {"skills": [], "steps": [], "artifacts": []},
    }


def _names(items: Sequence[_Item], scene: Scene) -> list[str]:
    return [str(item["id"]) for item in items if "id" in item and _is_of(item, scene)]


def _is_of(item: _Item, scene: Scene) -> bool:
    if "verbatim_transcript_segment" in item:
        return bool(scene.said) and scene.said in str(item["verbatim_transcript_segment"])
    return any(all(_same(item.get(key), value) for key, value in seen.items()) for seen in scene.seen)


def _same(one: Any, told: Any) -> bool:
    """Return whether two values are equal, apart from keys with empty values, which a client may add."""
    if isinstance(one, dict) and isinstance(told, dict):
        return all(_same(one.get(key), value) for key, value in told.items())
    return bool(one == told)
