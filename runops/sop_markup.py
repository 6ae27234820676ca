"""Takes HTML out of a SOP's text. Pure.

The app's viewer puts `context` into its page as it is, and shows other fields as plain text. So text has to be harmless
as HTML and readable as it is: `&lt;` would be seen as `&lt;`.

The rule: simple formatting (`<b>`, `<br>`, `<p>` and others, without attributes) is removed. Every other `<` that HTML
reads as the beginning of a tag, a comment or a declaration becomes a single angle quotation mark, and so does the `>`
that closes it. A browser takes a `<` for such a beginning only before an ASCII letter, `/`, `!` or `?`, so `a < b` and
`<= 3` stay.
"""

import re

__all__ = ["without_markup"]

_PAIR = re.compile(r"<(b|i|u|em|strong|code|kbd|mark|span|small)>([^<>]*)</\1>", re.IGNORECASE)
_BLOCK = re.compile(r"<(p|div|li|ul|ol|h[1-6])>([^<>]*)</\1>", re.IGNORECASE)
_BREAK = re.compile(r"<(?:br|hr) ?/?>", re.IGNORECASE)
_TAG = re.compile(r"<(?=[A-Za-z/!?])([^<>]*)>")
_OPENED = re.compile(r"<(?=[A-Za-z/!?])")
_DEEPEST = 8
_LEFT, _RIGHT = "\u2039", "\u203a"


def without_markup(text: str) -> str:
    """Return the text without HTML. What has none is unchanged, and so is the result of an earlier call."""
    if "<" not in text:
        return text
    for _ in range(_DEEPEST):  # formatting within formatting
        plain = _BLOCK.sub(r"\2\n", _PAIR.sub(r"\2", text))
        if plain == text:
            break
        text = plain
    text = _BREAK.sub("\n", text)
    return _OPENED.sub(_LEFT, _TAG.sub(rf"{_LEFT}\1{_RIGHT}", text))
