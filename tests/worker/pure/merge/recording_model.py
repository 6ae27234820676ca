"""A recording of which everything is known, and a model that describes chunks of it as real models do.

It puts each time up to 1.5 s too early or too late, names the application again in each chunk, misreads a letter of a
button, begins in the middle of a sentence, writes an opening item, and leaves out what is within a second of the edge
of its chunk. What one chunk leaves out at its edge, the other one sees in its middle.
"""

from dataclasses import dataclass
from random import Random

from runops.transcript import AudioItem, TranscriptItem, VisualItem, ordered, timestamp
from runops_worker.transcription.merge.chunk_transcript import ChunkTranscript

SHIFT = 1.5
EDGE = 1.0
WORD_SECONDS = 0.4
NAMES = {
    "orders": ["Google Chrome - Orders overview (erp.example.com)", "Web browser - ERP", "Chrome: Orders"],
    "sheet": ["Microsoft Excel - Prices", "Spreadsheet - Prices", "Excel"],
}
SCREENS = {
    "orders": ["A table of open orders with suppliers is shown.", "The open orders are listed in a table."],
    "sheet": ["A sheet with the columns article and price.", "The price sheet with articles is open."],
}
BUTTONS = ["Create purchase order", "Refresh the list", "Export selected", "Confirm delivery", "Cancel booking"]
UNTARGETED = ["SCROLL_DOWN", "SCROLL_UP", "KEYPRESS_ENTER", "KEYPRESS_TAB"]
# fmt: off
VOCABULARY = [
    "open", "order", "supplier", "check", "delivery", "number", "before", "warehouse", "confirm", "price", "list",
    "button", "careful", "always", "customer", "invoice", "monday", "compare", "total", "amount", "approve",
    "manager", "send", "email", "wait", "answer", "reject", "reason", "write", "comment", "save", "close", "window",
    "next", "page", "search", "filter", "date", "column", "sort", "download", "print", "folder", "archive", "note",
    "difference",
]
# fmt: on


@dataclass(frozen=True)
class Event:
    """Something that happens on the screen; no two of one label are within ten seconds."""

    number: int
    at: float
    action: str
    screen: str
    target: str | None = None
    value: str | None = None
    message: str = ""


@dataclass(frozen=True)
class Word:
    text: str
    at: float
    sentence: int


@dataclass(frozen=True)
class Recording:
    events: list[Event]
    words: list[Word]

    def described(self, random: Random, *, start: float, end: float, is_first: bool, is_last: bool) -> ChunkTranscript:
        """Return what the model writes about one chunk."""
        items: list[TranscriptItem] = [_opening(self, random, start=start)]
        items += self._actions(random, start=start, end=end, is_first=is_first, is_last=is_last)
        items += self._speech(random, start=start, end=end, is_first=is_first, is_last=is_last)
        return ChunkTranscript(start, end, ordered(items))

    def _actions(
        self, random: Random, *, start: float, end: float, is_first: bool, is_last: bool
    ) -> list[TranscriptItem]:
        seen = [
            event
            for event in self.events
            if start <= event.at < end
            and not (event.at < start + EDGE and not is_first and random.random() < 0.5)
            and not (event.at > end - EDGE and not is_last and random.random() < 0.5)
        ]
        times = sorted(
            min(max(event.at + random.uniform(-SHIFT, SHIFT), start), end) - start
            if not is_first or event.at > 2
            else 2.0
            for event in seen
        )
        return [_described(event, random, at=at) for event, at in zip(seen, times, strict=True)]

    def _speech(
        self, random: Random, *, start: float, end: float, is_first: bool, is_last: bool
    ) -> list[TranscriptItem]:
        first = start if is_first else start + random.uniform(0, EDGE)
        last = end if is_last else end - random.uniform(0, EDGE)
        heard = [word for word in self.words if first <= word.at < last]
        sentences: list[list[Word]] = []
        for before, word in zip([None, *heard], heard, strict=False):
            if before is None or before.sentence != word.sentence or random.random() < 0.08:
                sentences.append([])
            sentences[-1].append(word)
        starts = sorted(sentence[0].at + random.uniform(-SHIFT, SHIFT) - start for sentence in sentences)
        return [
            _said(sentence, random, at=min(max(at, 0.0), end - start), length=end - start)
            for sentence, at in zip(sentences, starts, strict=True)
        ]


def truth(random: Random, *, seconds: float) -> Recording:
    """Return a recording with events and speech at random times."""
    return Recording(_events(random, seconds=seconds), _words(random, seconds=seconds))


def _events(random: Random, *, seconds: float) -> list[Event]:
    events: list[Event] = []
    at, screen = 3.0, "orders"
    latest: dict[str, float] = {}
    row = 4700
    while at < seconds - 2:
        number, kind = len(events), random.randrange(6)
        row += 1
        event = Event(number, at, "CLICK", screen, target=f"{row} Miller Ltd open")
        if kind == 1:
            event = Event(number, at, "CLICK", screen, target=random.choice(BUTTONS))
        elif kind == 2:
            event = Event(number, at, "TYPE", screen, target="Amount", value=f"{row}.50")
        elif kind == 3:
            event = Event(
                number, at, random.choice(["SCROLL_DOWN", "SCROLL_UP", "KEYPRESS_ENTER", "KEYPRESS_TAB"]), screen
            )
        elif kind == 4:
            event = Event(number, at, "SCREEN_UPDATE", screen, message=f"message {row} appears in the corner")
        elif kind == 5:
            event = Event(number, at, "OPEN_APPLICATION", "sheet" if screen == "orders" else "orders")
        label = f"{event.action} {event.target} {event.value} {event.message}"
        if at - latest.get(label, -100.0) >= 10:
            latest[label] = at
            screen = event.screen
            events.append(event)
        at += random.choice([0.5, 1.0, 2.0, 3.0, 8.0])
    return events


def _words(random: Random, *, seconds: float) -> list[Word]:
    words: list[Word] = []
    at, sentence = 1.0, 0
    while at < seconds - 6:
        for _ in range(random.randint(3, 14)):
            recent = {word.text for word in words[-20:]}
            words.append(Word(random.choice([word for word in VOCABULARY if word not in recent]), at, sentence))
            at += WORD_SECONDS
        sentence += 1
        at += random.choice([0.3, 1.0, 4.0])
    return words


def _opening(recording: Recording, random: Random, *, start: float) -> VisualItem:
    before = [event for event in recording.events if event.at <= start]
    screen = before[-1].screen if before else "orders"
    return VisualItem(
        timestamp_start_visual="00:00:00",
        application_in_focus=random.choice(NAMES[screen]),
        action_type_observed="SCREEN_UPDATE",
        screen_region_description_pre_action="Unknown.",
        screen_region_description_post_action=random.choice(SCREENS[screen]),
    )


def _described(event: Event, random: Random, *, at: float) -> VisualItem:
    details = data = None
    if event.target is not None:
        details = {
            "element_type_guess": random.choice(["button", "table row", "link"]),
            "element_visible_text": _misread(event.target, random),
            "element_attributes_observed": [f"event {event.number}"],
        }
    if event.value is not None:
        data = {"typed_characters": event.value}
    screen = random.choice(SCREENS[event.screen])
    return VisualItem.model_validate(
        {
            "timestamp_start_visual": timestamp(at),
            "application_in_focus": f"{random.choice(NAMES[event.screen])} #{event.number}",
            "action_type_observed": event.action,
            "target_element_details": details,
            "data_input_observed": data,
            "screen_region_description_pre_action": screen,
            "screen_region_description_post_action": event.message or screen,
        }
    )


def _misread(text: str, random: Random) -> str:
    words = text.split()
    place = random.randrange(len(words))
    how = random.randrange(4)
    if how == 0 and len(words[place]) >= 5 and words[place].isalpha():
        words[place] = words[place][:-1]
    return " ".join(words) + ("…" if how == 1 else "")


def _said(sentence: list[Word], random: Random, *, at: float, length: float) -> AudioItem:
    end = min(at + sentence[-1].at + WORD_SECONDS - sentence[0].at, length)
    words = [word.text[:-1] if len(word.text) > 6 and random.random() < 0.05 else word.text for word in sentence]
    text = " ".join(words)
    return AudioItem(
        timestamp_start_audio=timestamp(at),
        timestamp_end_audio=timestamp(end),
        verbatim_transcript_segment=random.choice([text, f"{text}.", text.capitalize() + "."]),
    )
