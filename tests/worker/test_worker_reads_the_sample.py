"""The sample goes through the worker with a model that reads: the SOP names what its script says, does and shows."""

import itertools
import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from rapidfuzz.distance import Levenshtein

from devstack.gemini.behaviour import Behaviour
from devstack.gemini.control import GeminiControl
from devstack.gemini_reading import environment
from devstack.sample import RECORDING
from runops.sop import Sop
from runops.sop_graph import graph_faults
from runops_evaluation.matching.events import is_reaction
from tests.evaluation.gold_set import gold_named
from tests.worker.job import Job

_MOST_WORD_ERRORS = 0.15
_TRUE = gold_named("ledgerline-invoice")


@pytest.fixture
def file_patience() -> float:
    """Reading the sample for the first time takes half a minute of CPU."""
    return 540.0


@dataclass(frozen=True)
class Done:
    """What the script does: the words on the element, and what is entered."""

    target: str
    value: str = ""


def what_the_script_does() -> Iterator[Done]:
    """Yield clicks, and what was entered in place of the click into its field."""
    events = _TRUE.events.events
    for step, of_step in itertools.groupby((one for one in events if one.step is not None), key=lambda one: one.step):
        done = [one for one in of_step if not is_reaction(one.kind)]
        clicked = next((one for one in done if one.kind == "CLICK"), None)
        if clicked is None:
            continue
        typed = next((one.value for one in done if one.kind == "TYPE"), None)
        chosen = next((one.target for one in done if one.kind == "KEYPRESS_ENTER"), None)
        yield Done(clicked.target or step or "", typed or chosen or "")


def tasks_in_order(sop: dict[str, Any]) -> list[str]:
    """Return the labels of the tasks on the way on which each decision is answered with yes."""
    nodes = {node["id"]: node for node in sop["public"]["nodes"]}
    ways = {(edge["source"], edge["condition"]): edge["target"] for edge in sop["public"]["edges"]}
    found, at, seen = [], next(iter(nodes)), set()
    while at not in seen:
        seen.add(at)
        if nodes[at]["type"] == "task":
            found.append(nodes[at]["label"])
        at = ways.get((at, "yes")) or ways.get((at, "next")) or at
    return found


@pytest.mark.slow("it reads the pictures and the sound of the sample: 30 CPU seconds, the first time")
async def test_the_sop_of_the_sample_names_what_its_script_does(
    new_job: Callable[..., Awaitable[Job]], control: GeminiControl
) -> None:
    environment.install(print)
    control.behave(Behaviour(reading=True))
    job = await new_job(RECORDING)
    await job.run(task=replace(job.task, height=720))
    assert job.row()["status"] == "completed"
    sop = job.sop()
    assert graph_faults(Sop.model_validate(sop)) == []

    tasks, expected = tasks_in_order(sop), list(what_the_script_does())
    assert len(expected) == 8
    places = [
        next((n for n, label in enumerate(tasks) if one.target in label and one.value in label), None)
        for one in expected
    ]
    assert None not in places, (expected, tasks)
    assert places == sorted(places, key=lambda place: place or 0)
    assert set(sop["public"]["variables"].values()) == {one.value for one in expected if one.value}

    spoken = " ".join(item.get("verbatim_transcript_segment", "") for item in job.transcript())
    assert word_errors(spoken, " ".join(one.text for one in _TRUE.events.speech)) <= _MOST_WORD_ERRORS
    assert "3,480" in spoken
    kinds = {node["type"]: node for node in sop["public"]["nodes"]}
    assert "every open invoice" in kinds["loop"]["iterator"].casefold()
    assert re.search(r"amount above 1,?000", kinds["decision"]["label"])
    reasons = " ".join(node.get("intent") or "" for node in sop["public"]["nodes"]).casefold()
    assert all(said in reasons for said in ("this is hardware", "what was bought", "back to the list"))


def word_errors(heard: str, said: str) -> float:
    """Return the share of words that differ; numbers are compared as the speaker says them or as digits."""
    heard = heard.replace("3,480", "three thousand four hundred and eighty")
    heard = re.sub(r"1,?000", "one thousand", heard)
    one, other = (re.findall(r"[a-z0-9]+", text.casefold()) for text in (heard, said))
    return Levenshtein.distance(one, other) / len(other)
