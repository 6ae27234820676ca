"""Items moved in time, and the text by which they are compared."""

from runops_worker.transcription.item_times import shifted
from runops_worker.transcription.item_words import Words, words
from tests.worker.pure.items import clicked, said, typed


def test_shifted_moves_every_time_of_an_item_and_nothing_else() -> None:
    visual = typed(3, "x", end=4)
    assert shifted(visual, 10.5) == visual.model_copy(
        update={"timestamp_start_visual": "00:00:13.500", "timestamp_end_visual": "00:00:14.500"}
    )
    assert shifted(clicked(3, "Save"), 60) == clicked(63, "Save")
    assert shifted(said(3, "x"), 60) == said(63, "x")


def test_items_are_compared_by_action_application_element_and_text_without_case() -> None:
    assert words(clicked(3, "Save As")) == Words("click editor save as", "")
    assert words(typed(3, "John")) == Words("type editor name", "john")
    assert words(said(3, " Hello THERE. ")) == Words("", "hello there.")
    without_element = clicked(3, "x").model_copy(update={"target_element_details": None})
    assert words(without_element) == Words("click editor ", "")
