"""Numbers in letters become numbers in digits: a voice says three thousand, a screen shows 3,000. Pure."""

from functools import lru_cache

from text_to_num import alpha2digit

__all__ = ["in_digits"]


@lru_cache(maxsize=65_536)
def in_digits(text: str, language: str) -> str:
    """Return a text with its numbers from four on in digits.

    Parameters
    ----------
    text
        A text.
    language
        Its code, such as `en` or `de-AT`. In a language that the library does not know the text stays as it is.
    """
    try:
        return str(alpha2digit(text, language.partition("-")[0].lower()))
    except ValueError:
        return text
