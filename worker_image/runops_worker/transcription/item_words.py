"""The text by which items are compared. Pure."""

from dataclasses import dataclass

from runops.transcript import AudioItem, VisualItem

__all__ = ["Words", "words"]


@dataclass(frozen=True, slots=True)
class Words:
    """The text by which two items are compared.

    Attributes
    ----------
    what
        Action, application and element; empty for an audio item.
    text
        What was said, typed, pasted or selected.
    """

    what: str
    text: str


def words(item: VisualItem | AudioItem) -> Words:
    """Return the text by which an item is compared with another."""
    if isinstance(item, AudioItem):
        return Words("", item.verbatim_transcript_segment.casefold().strip())
    target, given = item.target_element_details, item.data_input_observed
    visible = target.element_visible_text if target is not None else None
    values = () if given is None else given.model_dump(exclude_none=True).values()
    return Words(
        f"{item.action_type_observed} {item.application_in_focus} {visible or ''}".casefold(),
        " ".join(map(str, values)).casefold(),
    )
