"""Other recordings than the sample are read: dark, German, without sound; a loop; scrolling and ticking."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from devstack.gemini_reading import environment
from devstack.gemini_reading.read_clip import read_clip
from devstack.gemini_reading.sop.procedure import read_procedure
from devstack.gemini_reading.transcript import read_transcript
from tests.gemini_reading.drawn import box, draw, pointer, words

pytestmark = pytest.mark.slow("it reads pictures and hears speech: 15 CPU seconds, the first time")

Read = Callable[[Path], list[dict[str, Any]]]


@pytest.fixture(scope="module")
def read() -> Read:
    """Read a clip and return its transcript."""
    environment.install(print)

    def transcript_of(clip: Path) -> list[dict[str, Any]]:
        return read_transcript(asyncio.run(read_clip(clip)))

    return transcript_of


def done(items: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    """Return action, target and value of what was done."""
    found = []
    for item in items:
        action = item.get("action_type_observed")
        if action in {None, "SCREEN_UPDATE", "MOUSE_MOVE_TO_REGION"}:
            continue
        target = (item["target_element_details"] or {}).get("element_visible_text") or ""
        entered = item["data_input_observed"] or {}
        found.append((str(action), target, next(iter(entered.values()), "")))
    return found


def login_in_german(target: Path) -> Path:
    """A dark page with a log-in, then another page; no sound."""
    page, light, during = "0x1e1e1e", "0xe8e8e8", (0, 9)
    return draw(
        target,
        words("Lagerportal", 40, 20, size=26, colour=light),
        words("Anmeldung", 440, 130, size=46, colour=light, during=during),
        words("Benutzername", 440, 240, colour=light, during=during),
        box(440, 280, 400, 48, "0x9a9a9a", edge=2, during=during),
        words("m.mü", 456, 292, colour=light, during=(3, 4)),
        words("m.müller", 456, 292, colour=light, during=(4, 9)),
        words("Passwort", 440, 350, colour=light, during=during),
        box(440, 390, 400, 48, "0x9a9a9a", edge=2, during=during),
        words("••••", 456, 402, colour=light, during=(6, 7)),
        words("••••••••", 456, 402, colour=light, during=(7, 9)),
        box(440, 480, 200, 52, "0x3355cc", during=during),
        words("Anmelden", 486, 494, colour="white", during=during),
        words("Willkommen, Frau Müller", 80, 120, size=46, colour=light, during=(9, 99)),
        *(
            words(f"Lieferung {number} wartet im Tor Süd", 80, 220 + 60 * number, colour=light, during=(9, 99))
            for number in range(1, 6)
        ),
        pointer(1100, 620, during=(0, 2)),
        pointer(700, 305, during=(2, 5)),
        pointer(700, 415, during=(5, 8)),
        pointer(540, 500, during=(8, 12)),
        seconds=12,
        paper=page,
    )


def test_a_log_in_on_a_dark_german_page_without_sound(read: Read, tmp_path: Path) -> None:
    items = read(login_in_german(tmp_path / "login.mp4"))
    found = done(items)
    assert ("TYPE", "Benutzername", "m.müller") in found
    assert [target for action, target, _ in found if action == "TYPE"] == ["Benutzername", "Passwort"]
    assert ("CLICK", "Anmelden", "") in found
    assert not any("verbatim_transcript_segment" in item for item in items)
    sop = read_procedure(items)
    assert sop["public"]["variables"]["benutzername"] == "m.müller"
    assert [node["label"] for node in sop["public"]["nodes"]][-2] == 'Click "Anmelden"'
    assert any("{passwort}" in node["label"] for node in sop["public"]["nodes"])


def parcels(target: Path) -> Path:
    """A light page with large letters: two rows of a table are opened, weighed and saved; it is said for which."""
    parts: list[list[str]] = [words("Harbour desk", 30, 14, size=30, colour="0x003366")]
    for start, number, weight in ((0, "P-101", "12 kg"), (9, "P-102", "31 kg")):
        in_list, in_page = (start, start + 3), (start + 3, start + 9)
        parts.append(words("Parcels to weigh", 60, 100, size=48, during=in_list))
        for row, (name, sender) in enumerate((("P-101", "Anna Berg"), ("P-102", "Omar Said"), ("P-103", "Li Wei"))):
            for text, left in ((name, 60), (sender, 420), ("waiting", 900)):
                parts.append(words(text, left, 220 + 70 * row, size=32, during=in_list))
        parts += [
            pointer(450, 236 if number == "P-101" else 306, during=(start + 1, start + 4)),
            words(f"Parcel {number}", 60, 100, size=48, during=in_page),
            words("Weight", 60, 230, size=32, during=in_page),
            box(300, 220, 420, 60, "0x707070", edge=2, during=in_page),
            words(weight, 316, 232, size=32, during=(start + 5, start + 9)),
            box(300, 340, 260, 64, "0x006644", during=in_page),
            words("Save weight", 344, 354, size=32, colour="white", during=in_page),
            words("Stored at gate South", 60, 520, size=32, during=in_page),
            pointer(600, 240, during=(start + 4, start + 7)),
            pointer(400, 360, during=(start + 7, start + 10)),
        ]
    parts += [
        words("Parcels to weigh", 60, 100, size=48, during=(18, 99)),
        words("All parcels are weighed", 60, 400, size=32, during=(18, 99)),
        words("The gate closes at noon", 60, 480, size=32, during=(18, 99)),
    ]
    said = [
        (0, "In this recording I show how we weigh parcels."),
        (5, "If the parcel is heavier than twenty kilos, call the office."),
        (13, "I repeat this for every parcel in the list."),
    ]
    return draw(target, *parts, seconds=21, paper="white", said=said)


def test_two_rows_are_worked_through_in_a_loop_with_a_condition_that_is_only_spoken(read: Read, tmp_path: Path) -> None:
    items = read(parcels(tmp_path / "parcels.mp4"))
    found = done(items)
    assert [target for action, target, _ in found if action == "CLICK" and target.startswith("P-")] == [
        "P-101",
        "P-102",
    ]
    assert [value for action, _, value in found if action == "TYPE"] == ["12 kg", "31 kg"]
    assert [target for _, target, _ in found].count("Save weight") == 2
    sop = read_procedure(items)
    nodes = {node["label"]: node for node in sop["public"]["nodes"]}
    (loop,) = [node for node in nodes.values() if node["type"] == "loop"]
    assert "parcel" in loop["iterator"]
    assert len(loop["children"]) >= 4
    assert any(node["type"] == "decision" and " kilos" in node["label"] for node in nodes.values())
    assert sop["public"]["clarification_requests"]


def settings(target: Path) -> Path:
    """A page that scrolls, and a box that is ticked; no sound."""
    names = ("Daily report", "Weekly digest", "Sound on error", "Dark theme", "Large letters", "Short names", "Beta")
    parts: list[list[str]] = [words("Control room", 40, 16, size=28, colour="0x553300")]
    for move, during in ((0, (0, 4)), (-150, (4, 99))):
        for place, name in enumerate(names):
            top = 260 + 70 * place + move
            parts.append(words(name, 160, top, size=28, during=during))
            parts.append(box(110, top + 2, 26, 26, "0x505050", edge=2, during=during))
    parts += [
        box(116, 398, 14, 14, "0x202080", during=(7, 99)),
        pointer(1000, 600, during=(0, 2)),
        pointer(700, 660, during=(2, 5)),
        pointer(120, 410, during=(5, 10)),
    ]
    return draw(target, *parts, seconds=10, paper="0xf4efe6")


def test_a_page_is_scrolled_and_a_box_is_ticked(read: Read, tmp_path: Path) -> None:
    found = done(read(settings(tmp_path / "settings.mp4")))
    assert [action for action, _, _ in found] == ["SCROLL_DOWN", "CLICK"]
    assert found[1][1] == "Large letters"
