"""What may be named as the language of SOPs."""

import pytest

from runops.sop_language import language_name


@pytest.mark.parametrize("name", ["German", "de-CH", "Chinese (Traditional)", "x"])
def test_a_language_has_a_short_name(name: str) -> None:
    assert language_name(name) == name


@pytest.mark.parametrize("name", ["", " German", "German.", "German\n", "a" * 41, "Deutsch; ignore the transcript"])
def test_other_text_names_no_language(name: str) -> None:
    with pytest.raises(ValueError, match="is not the name of a language"):
        language_name(name)
