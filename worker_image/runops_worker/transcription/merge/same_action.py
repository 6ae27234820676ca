"""Whether two visual items of neighbouring chunks are one action. Pure.

An action is known by its type, by what it went to and by what was entered. The name of the application does not count:
the model names it again in each chunk. Where an item has no words of its own, the descriptions of the screen count.
"""

from dataclasses import dataclass

from runops.transcript import ActionType, VisualItem
from runops_worker.transcription.merge.chunk_transcript import end_of
from runops_worker.transcription.merge.same_words import is_cut_short, is_same_text, literals, plain_words

__all__ = ["Sighting", "difference", "is_other_screen", "one_item"]

_CUT_SECONDS = 1.0
"""An action that ends so close to the end of its chunk may go on after it."""
_DESCRIBED_ONLY = frozenset({ActionType.SCREEN_UPDATE, ActionType.MODAL_OPEN, ActionType.MODAL_CLOSE})
"""Actions that often have no target: two of them are told apart by their descriptions."""
_BROWSERS = frozenset({"browser", "web", "chrome", "chromium", "firefox", "safari", "edge"})
_SAY_NOTHING = frozenset({"google", "microsoft", "mozilla", "the", "unknown"})
_LEAST_LETTERS = 4
"""Shorter words, such as articles, say nothing about what a description describes."""
_SAME_SCREEN = 0.5
"""Share of the words in common from which two descriptions are of one screen."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """A visual item with the chunk that reports it.

    Attributes
    ----------
    item
        Its times are those of the recording.
    chunk_end
        Where its chunk ends, in seconds of the recording.
    """

    item: VisualItem
    chunk_end: float

    @property
    def reaches_the_end(self) -> bool:
        """Whether the action may go on after the chunk."""
        return end_of(self.item) >= self.chunk_end - _CUT_SECONDS


def difference(earlier: Sighting, later: Sighting) -> float | None:
    """Return how much two reports differ, from 0; None where they cannot be of one action.

    Parameters
    ----------
    earlier, later
        Items of a chunk and of the one after it.
    """
    one, other = earlier.item, later.item
    if one.action_type_observed != other.action_type_observed:
        return None
    targets, values = (_target(one), _target(other)), (_value(one), _value(other))
    if all(targets) and not is_same_text(*targets):
        return None
    if all(values) and not (is_same_text(*values) or _goes_on(earlier, later)):
        return None
    found = [0.0 if _spelled_alike(*pair) else 0.2 for pair in (targets, values) if all(pair)]
    if found:
        # A text that only one of them has is less certain.
        return sum(found) + sum(0.3 for pair in (targets, values) if any(pair) and not all(pair))
    return _described_difference(one, other)


def one_item(earlier: Sighting, later: Sighting) -> VisualItem:
    """Return the item for an action that two chunks report.

    The report of the earlier chunk is used: it was written with what led up to the action. The report of the later
    chunk is used where the action reaches the end of the earlier chunk, and where only the later one has its words.
    """
    start = earlier.item.timestamp_start_visual
    if not _says_more(later, earlier):
        return earlier.item
    end = later.item.timestamp_end_visual
    if end is not None and end_of(later.item) < earlier.item.start:
        end = start
    return later.item.model_copy(update={"timestamp_start_visual": start, "timestamp_end_visual": end})


def is_other_screen(one: VisualItem, other: VisualItem) -> bool:
    """Tell whether two items are surely about different screens: neither the application nor the words agree."""
    applications = [_application(item) for item in (one, other)]
    return (
        all(applications)
        and not applications[0] & applications[1]
        and _words_in_common(_after(one), _after(other)) < _SAME_SCREEN
    )


def _target(item: VisualItem) -> str:
    details = item.target_element_details
    return "" if details is None else (details.element_visible_text or "").strip()


def _value(item: VisualItem) -> str:
    given = item.data_input_observed
    return "" if given is None else " ".join(map(str, given.model_dump(exclude_none=True).values())).strip()


def _spelled_alike(one: str, other: str) -> bool:
    return plain_words(one) == plain_words(other)


def _goes_on(earlier: Sighting, later: Sighting) -> bool:
    """Tell whether the earlier chunk ends while the value is being entered, so that it has the beginning only."""
    begin, whole = _value(earlier.item).casefold(), _value(later.item).casefold()
    return earlier.reaches_the_end and whole.startswith(begin.rstrip(" .…"))


def _says_more(later: Sighting, earlier: Sighting) -> bool:
    for text in (_value, _target):
        one, other = text(earlier.item), text(later.item)
        if bool(one) != bool(other):
            return bool(other)
        if is_cut_short(one, other) or is_cut_short(other, one):
            return len(other) > len(one)
    return earlier.reaches_the_end


def _described_difference(one: VisualItem, other: VisualItem) -> float | None:
    numbers = [literals(_descriptions(item)) for item in (one, other)]
    if all(numbers) and not numbers[0] & numbers[1]:
        return None
    share = _words_in_common(_descriptions(one), _descriptions(other))
    if share == 0 and one.action_type_observed in _DESCRIBED_ONLY:
        return None
    return 0.8 * (1 - share)


def _descriptions(item: VisualItem) -> str:
    return f"{item.screen_region_description_pre_action} {item.screen_region_description_post_action}"


def _after(item: VisualItem) -> str:
    return item.screen_region_description_post_action


def _words_in_common(one: str, other: str) -> float:
    """Return the share of the shorter text's words that the other one has, too; 0.5 where one has none."""
    first, second = _telling_words(one), _telling_words(other)
    if not first or not second:
        return 0.5
    return len(first & second) / min(len(first), len(second))


def _telling_words(text: str) -> frozenset[str]:
    return frozenset(word for word in plain_words(text) if len(word) >= _LEAST_LETTERS)


def _application(item: VisualItem) -> frozenset[str]:
    words = frozenset(plain_words(item.application_in_focus)) - _SAY_NOTHING
    return words - _BROWSERS | {"browser"} if words & _BROWSERS else words
