"""A screen that is drawn by libass: boxes, words and a pointer, each from a second to another."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

__all__ = ["SIZE", "DrawnScreen"]

SIZE: Final = (1920, 1080)
"""Width and height."""

_HEAD: Final = (
    "[Script Info]\nScriptType: v4.00+\nPlayResX: {0}\nPlayResY: {1}\nWrapStyle: 2\n\n"
    "[V4+ Styles]\nFormat: Name, Fontname, Fontsize, PrimaryColour, Outline, Shadow, Alignment\n"
    "Style: word,Source Sans Pro,26,&H00000000,0,0,7\n\n"
    "[Events]\nFormat: Layer, Start, End, Style, Text\n"
)
_ARROW: Final = "m 0 0 l 0 26 l 6 20 l 11 31 l 15 29 l 10 18 l 18 18"
_BLINK: Final = 0.5


@dataclass
class DrawnScreen:
    """What is shown, in the order in which it is drawn. Later things hide earlier ones.

    Attributes
    ----------
    seconds
        Length of the recording.
    """

    seconds: float
    _events: list[str] = field(default_factory=list)
    _pointer: tuple[float, int, int] = (0.0, SIZE[0] // 2, SIZE[1] // 2)
    _moves: list[str] = field(default_factory=list)

    def box(self, place: tuple[int, int, int, int], colour: str, *, since: float = 0.0, until: float = 1e9) -> None:
        """Draw a filled box: left, top, width and height, and a colour as RRGGBB."""
        left, top, width, height = place
        outline = f"m {left} {top} l {left + width} {top} {left + width} {top + height} {left} {top + height}"
        self._add(since, until, rf"{{\pos(0,0)\p1\1c{_bgr(colour)}}}{outline}")

    def words(
        self,
        text: str,
        at: tuple[int, int],
        *,
        size: int = 26,
        colour: str = "202020",
        since: float = 0.0,
        until: float = 1e9,
    ) -> None:
        """Draw a line, from its upper left corner on."""
        plain = text.replace("\\", "/").replace("{", "(").replace("}", ")")
        self._add(since, until, rf"{{\pos({at[0]},{at[1]})\fs{size}\1c{_bgr(colour)}}}{plain}")

    def lines(
        self, texts: Sequence[str], at: tuple[int, int], *, size: int = 26, colour: str = "202020",
        since: float = 0.0, until: float = 1e9,
    ) -> None:  # fmt: skip
        """Draw lines below each other, one and a third times their size apart."""
        for number, text in enumerate(texts):
            place = at[0], at[1] + number * size * 4 // 3
            self.words(text, place, size=size, colour=colour, since=since, until=until)

    def typed(
        self, text: str, at: tuple[int, int], *, since: float, rate: float = 6.0, until: float = 1e9,
        caret_until: float = 0.0, size: int = 26, colour: str = "202020",
    ) -> float:  # fmt: skip
        """Draw a line letter by letter, `rate` in a second, and return when it is done; a caret blinks afterwards."""
        for count in range(len(text)):
            begin, end = since + count / rate, since + (count + 1) / rate
            self.words(text[: count + 1] + "|", at, size=size, colour=colour, since=begin, until=end)
        done = since + len(text) / rate
        blink = done
        while blink < min(caret_until, self.seconds):
            end = min(blink + _BLINK, caret_until)
            mark = "|" if round((blink - done) / _BLINK) % 2 else ""
            self.words(text + mark, at, size=size, colour=colour, since=blink, until=end)
            blink = end
        self.words(text, at, size=size, colour=colour, since=max(blink, done), until=until)
        return done

    def point(self, to: tuple[int, int], *, at: float, takes: float = 0.6) -> None:
        """Move the pointer to a place, which it reaches `takes` seconds after a moment, and leave it there."""
        _, left, top = self._pointer
        self._moves += self._resting(until=at)
        end = at + takes
        self._moves.append(_event(at, end, rf"{{\move({left},{top},{to[0]},{to[1]})\p1\1c&HFFFFFF&\bord1}}{_ARROW}"))
        self._pointer = end, *to

    def script(self) -> str:
        """Return all of it in the Advanced SubStation format."""
        moves = (*self._moves, *self._resting(until=self.seconds + 1))
        return _HEAD.format(*SIZE) + "\n".join((*self._events, *moves)) + "\n"

    def _resting(self, *, until: float) -> list[str]:
        since, left, top = self._pointer
        if until <= since:
            return []
        return [_event(since, until, rf"{{\pos({left},{top})\p1\1c&HFFFFFF&\bord1}}{_ARROW}")]

    def _add(self, since: float, until: float, text: str) -> None:
        if since < self.seconds and until > since:
            self._events.append(_event(since, min(until, self.seconds + 1), text, layer=len(self._events)))


def _event(since: float, until: float, text: str, *, layer: int = 1_000_000) -> str:
    return f"Dialogue: {layer},{_clock(since)},{_clock(until)},word,{text}"


def _clock(seconds: float) -> str:
    hundredths = round(seconds * 100)
    return f"{hundredths // 360000}:{hundredths // 6000 % 60:02}:{hundredths // 100 % 60:02}.{hundredths % 100:02}"


def _bgr(colour: str) -> str:
    return f"&H{colour[4:]}{colour[2:4]}{colour[:2]}&"
