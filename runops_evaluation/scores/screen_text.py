"""Character error rate of what could be read on the screen. Pure."""

from collections.abc import Iterable, Iterator

from runops.transcript import TranscriptItem, VisualItem
from runops_evaluation.gold.events import Events
from runops_evaluation.text.plain import plain

__all__ = ["character_error_rate", "least_errors", "texts_to_read"]


def texts_to_read(gold: Events) -> list[str]:
    """Return the texts of targets, values and of the screen, each once."""
    found = [text for event in gold.events for text in (event.target, event.value) if text is not None]
    return list(dict.fromkeys(plain(text) for text in (*found, *(one.text for one in gold.screen))))


def character_error_rate(gold: Events, transcript: Iterable[TranscriptItem]) -> float | None:
    """Return the wrong and missing letters of all texts by their letters, from 0 to 1; None where there are none.

    Each text is compared with that part of any text of the visual items that is nearest to it. A text that is nowhere
    counts with all its letters.
    """
    wanted = [text for text in texts_to_read(gold) if text]
    if not wanted:
        return None
    there = [plain(text) for item in transcript if isinstance(item, VisualItem) for text in _texts(item)]
    there = list(dict.fromkeys(filter(None, there)))
    everything = "\n".join(there)
    wrong = sum(0 if text in everything else least_errors(text, there) for text in wanted)
    return wrong / sum(map(len, wanted))


def least_errors(text: str, there: Iterable[str]) -> int:
    """Return the least Levenshtein distance of a text from any part of other texts, at most its length.

    rapidfuzz finds a part by insertions and deletions alone, and not the nearest one where letters are replaced. This
    is the bit-parallel search of Myers (1999): a column of distances is kept as the bits where it rises and falls.
    """
    places: dict[str, int] = {}
    for place, letter in enumerate(text):
        places[letter] = places.get(letter, 0) | 1 << place
    every, last = (1 << len(text)) - 1, 1 << (len(text) - 1)
    least = len(text)
    for other in there:
        rises, falls, errors = every, 0, len(text)
        for letter in other:
            same = places.get(letter, 0)
            vertical = same | falls
            horizontal = (((same & rises) + rises) ^ rises) | same
            more, fewer = falls | ~(horizontal | rises), rises & horizontal
            errors += bool(more & last) - bool(fewer & last)
            more, fewer = more << 1, fewer << 1
            rises, falls = (fewer | ~(vertical | more)) & every, more & vertical & every
            least = min(least, errors)
    return least


def _texts(item: VisualItem) -> Iterator[str]:
    yield item.application_in_focus
    if (element := item.target_element_details) is not None:
        yield element.element_visible_text or ""
    if (data := item.data_input_observed) is not None:
        yield from (data.typed_characters or "", data.pasted_text_observed or "", data.selected_value_observed or "")
    yield item.screen_region_description_pre_action
    yield item.screen_region_description_post_action
