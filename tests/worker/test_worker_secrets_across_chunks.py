"""A secret that one chunk names is hidden in all chunks, in whichever order the model answers about them."""

import json
from itertools import permutations
from typing import Any

import pytest

from runops.transcript import TranscriptItem, VisualItem, dump_transcript
from runops_worker.media.transcode.growing_slim import Watcher
from runops_worker.model.protocol import Answer
from runops_worker.stages.parse_sop import parse_sop
from runops_worker.transcription.stored_transcript import Transcript
from tests.worker.fakes import SLIM, TextModel, a_checkpoint, a_context, a_progress
from tests.worker.overlap import Scene, World, accept, begin, scene
from tests.worker.pure.items import clicked, said
from tests.worker.test_worker_stages import sop_answer

__all__ = ["scene"]

FIRST, SECOND, THIRD = 0, 295, 590
SECRET = "hunter2024"


def field(at: float, value: str, *, element: str = "password field", **more: Any) -> VisualItem:
    item = clicked(at, "").model_dump() | {"action_type_observed": "TYPE", **more}
    item["target_element_details"] = {"element_type_guess": element}
    return VisualItem.model_validate({**item, "data_input_observed": {"typed_characters": value}})


def shows(at: float, text: str) -> VisualItem:
    item = clicked(at, "").model_dump() | {"action_type_observed": "SCREEN_UPDATE"}
    return VisualItem.model_validate({**item, "screen_region_description_post_action": text})


def spelled(at: float, value: str) -> list[TranscriptItem]:
    return [field(at + number, letter) for number, letter in enumerate(value)]


Chunks = dict[int, list[TranscriptItem]]
CASES: dict[str, Chunks] = {
    "spoken, then shown without a name": {
        FIRST: [said(10, f"The password is {SECRET}.")],
        SECOND: [shows(40, f"The note says {SECRET}, nothing else.")],
    },
    "shown without a name, then named": {
        FIRST: [shows(40, f"The note says {SECRET}, nothing else.")],
        THIRD: [shows(9, f"Password: {SECRET}")],
    },
    "typed into a field, then said": {
        SECOND: [field(10, SECRET)],
        THIRD: [said(20, f"And {SECRET} is what I use here as well.")],
    },
    "typed letter by letter, then shown": {
        SECOND: spelled(10, SECRET),
        FIRST: [shows(20, f"A line of the log reads {SECRET}.")],
    },
    "typed in two chunks, then shown whole": {
        FIRST: [field(290, SECRET[:5])],
        SECOND: [field(5, SECRET[5:])],
        THIRD: [shows(20, f"A line of the log reads {SECRET}.")],
    },
    "named, then spelled aloud": {
        FIRST: [said(10, f"The password is {SECRET}.")],
        THIRD: [said(30, "So that is h u n t e r 2 0 2 4 again."), said(40, "Or H-U-N-T-E-R-2-0-2-4.")],
    },
    "spelled aloud, then shown": {
        FIRST: [said(10, "The password is h u n t e r 2 0 2 4")],
        THIRD: [shows(30, f"The tooltip shows {SECRET}.")],
    },
    "in another case": {
        FIRST: [shows(10, f"Password: {SECRET}")],
        SECOND: [said(30, "Hunter2024 is what I type.")],
    },
    "announced by one chunk and said by the next": {
        FIRST: [said(292, "and the password is")],
        SECOND: [said(1, "swordfish"), said(9, "Then I log in.")],
    },
}


def leaks(text: str) -> bool:
    squeezed = "".join(character for character in text.casefold() if character.isalnum())
    return SECRET in squeezed or "swordfish" in squeezed


def saved(world: World, start: int) -> bool:
    """Tell whether the answer about the chunk that begins there is in the checkpoint."""
    return any(answered.start == start for chunk in world.checkpoint.chunks for answered in chunk.answered)


async def transcribed(scene: Scene, chunks: Chunks, order: tuple[int, ...]) -> Transcript:
    """Run the first two stages; the chunks are answered in this order."""

    async def encode(watcher: Watcher | None, _recording: Any) -> None:
        await accept(watcher, await begin(watcher))

    def answer(start: int, after: int | None) -> Any:
        async def give() -> Answer:
            if after is not None:
                await scene.world.until(lambda world: saved(world, after))
            items = [*chunks.get(start, []), said(100, f"Nothing more happens in chunk {start}.")]
            return Answer(json.dumps(dump_transcript(items)))

        return give

    scene.encode = encode
    scene.model.answers = {start: answer(start, after) for start, after in zip(order, (None, *order), strict=False)}
    return Transcript.of(await scene.run())


@pytest.mark.parametrize("order", list(permutations((FIRST, SECOND, THIRD))), ids=str)
@pytest.mark.parametrize("case", CASES)
async def test_nothing_that_is_kept_holds_the_secret(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, case: str, order: tuple[int, ...]
) -> None:
    chunks, written = CASES[case], list[str]()
    take = scene.world._take

    async def keep(key: str, value: Any) -> None:
        if not isinstance(value, bytes):
            written.append(json.dumps(value))
        await take(key, value)

    monkeypatch.setattr(scene.world, "_take", keep)
    transcript = await transcribed(scene, chunks, order)
    assert leaks(json.dumps(dump_transcript([item for items in chunks.values() for item in items])))
    assert "hidden]" in json.dumps(transcript.items)
    assert "Nothing more happens in chunk 295." in json.dumps(transcript.items)
    model = TextModel([Answer(json.dumps(sop_answer()))])
    checkpoint = a_checkpoint(scene.world)
    await checkpoint.load()
    await parse_sop(a_context(scene.world, model=model), checkpoint, a_progress(), slim=SLIM, transcript=transcript)
    assert not leaks(json.dumps(transcript.items))
    assert not any(leaks(question.text) for question in model.questions)
    assert len(scene.world.objects) >= 4
    assert not any(leaks(json.dumps(value)) for value in scene.world.objects.values() if not isinstance(value, bytes))
    # Once every chunk that has a part of it is answered, no write holds the secret.
    last = max(order.index(start) for start in chunks)
    answered = [text for text in written if sum(f'"start": {start:.1f}' in text for start in order) > last]
    assert answered
    assert not any(leaks(text) for text in answered)
