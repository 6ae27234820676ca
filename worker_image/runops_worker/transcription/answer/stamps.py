"""Reads a time in every form that models write it.

A text can often be read in more than one way: `00:41:00` is 41 minutes, or 41 seconds with the minutes written as
hours. The usual reading comes first. Another one counts only where the usual one is past the clip, by far or with
nothing but zeros in its last part, and where it keeps the order of the items.
"""

import math
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from runops.transcript import timestamp
from runops_worker.transcription.answer.rules import Rule

__all__ = ["Clock", "Moment"]

_LEAST_SLACK = 3_000
_SLACK_SHARE = 0.05
"""How far past its end an item may start and still be moved to the end: milliseconds, or a share of the clip."""
_ORDER_SLACK = 2_000
"""Milliseconds by which an item may start before the one before it, where its time is read another way."""
_FAR = 2
"""A time is past the clip by far from so many lengths of the clip on."""
_LEAST_STAMPS = 5
"""So many times of an answer must have the same odd form before it counts as the form of all of them."""
_LONGEST_TEXT = 100
_LONGEST_CLIP = 1e8

_AGREED = re.compile(r"(\d{2,9}):([0-5]\d):([0-5]\d)(?:\.(\d{1,3}))?")
_ASKED = re.compile(r"(\d{2}):([0-5]\d)")
_CLOCK = re.compile(r"(?<![\d:.])(\d{1,9}(?:\s*:\s*\d{1,9}){1,3})(?:[.,;](\d{1,12}))?(?![\d:])")
_DOTTED = re.compile(r"(\d{2})\.([0-5]\d)")
_DOTS = re.compile(r"(\d{1,2})([._-])(\d{1,2})\2(\d{1,2})(?:[.,:](\d{1,12}))?")
_PRIMES = re.compile(r"(\d{1,9})\s*['\u2032]\s*(\d{1,2})(?:[.,](\d{1,12}))?(?:\s*(?:[\"\u2033]|['\u2032]{2}))?")
_BEFORE_UNITS = re.compile(r"(?:P(?:0{1,3}D)?T|T)?(?=\d)", re.IGNORECASE)
_WITH_UNIT = re.compile(r"(\d{1,12}(?:[.,]\d{1,12})?)\s*([^\W\d_]{1,12})\.?[\s,]*")
_UNITS = {
    3_600_000: "h hr hrs hour hours std stunde stunden heure heures hora horas ora ore godz час часа 小时 時間 시간",
    60_000: "m min mins minute minutes minuten minuto minutos minuti minuta minuty мин минута минуты минут 分 分钟 분",
    1000: (
        "s sec secs second seconds sek sekunde sekunden seg segs segundo segundos seconde secondes secondo secondi"
        " sekunda sekundy sekund сек секунда секунды секунд 秒 초"
    ),
    1: "ms msec msecs milli millis millisecond milliseconds",
}
_MINUTE = 60_000
_UNIT_OF = {word: factor for factor, words in _UNITS.items() for word in words.split()}
"""Milliseconds of each unit, in the languages that models write them in."""
_SECONDS_WITHOUT_UNIT = re.compile(r"(\d{1,2}(?:[.,]\d{1,12})?)(?![\w:])")
"""Behind minutes: `1m05`."""
_EXPONENT = r"(?:[eE][+-]?\d{1,2})?"
_NUMBER = re.compile(rf"\d{{1,12}}(?:[.,]\d{{1,12}})?{_EXPONENT}")
_NUMBER_ALONE = re.compile(rf"\d{{1,12}}(?:\.\d{{1,12}})?{_EXPONENT}")
_NAMES_OF_TIMES = ("start", "begin", "from", "at", "time", "timestamp", "value", "end", "to", "until")
_FACTORS = {
    **dict.fromkeys(("hours", "hour", "h", "hh"), 3_600_000.0),
    **dict.fromkeys(("minutes", "minute", "min", "m", "mm"), 60_000.0),
    **dict.fromkeys(("seconds", "second", "sec", "s", "ss"), 1000.0),
    **dict.fromkeys(("milliseconds", "millis", "ms"), 1.0),
    "nanos": 1e-6,
}
_LARGEST = 1e12
_DIGITS = re.compile(r"0\d{5}|0\d{3}")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]|(?=\d{2}:))")
_DATE_ALONE = re.compile(r"\d{4}-\d{2}-\d{2}")
_BETWEEN = re.compile(r"[\s\])>]*(?:-+>?|\u2192|/|to|until|till|through|~|,)[\s\[(<]*", re.IGNORECASE)
_AROUND = " \t\r\n\u200b\ufeff[]()<>{}\"'`~@#*=|+\u2248"
_LETTERS_AROUND = re.compile(
    r"\A[tT]\s*[=+:]?\s*(?=\d)|(?<=\d)[zZ]\Z"
    r"|\A(?i:at|about|around|approx\.?|approximately|ca\.?|circa|etwa|um|bei|time|timestamp)[ :]\s*(?=\d)"
    r"|\A(?i:second|sekunde|seconde|segundo|secondo|sec\.?)[ :]\s*(?=\d)"
    r"|\A:{1,2}(?=\d{2}\Z)|(?<=\d:\d{2})[:.,;]\Z|(?<=\d)\.\Z"
)
_DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2212"), "-")
_COLONS = dict.fromkeys(map(ord, "\u02d0\u2236\ua789\ufe55\uff1a"), ":")
_POINTS = dict.fromkeys(map(ord, "\u066b\u3002"), ".")
_AT_START = frozenset({"start", "beginning", "start of clip", "beginning of clip"})
_AT_END = frozenset({"end", "end of clip", "end of video"})


@dataclass(frozen=True, slots=True)
class Moment:
    """A time as it was read.

    Attributes
    ----------
    at
        Milliseconds from the start of the clip, within the clip.
    until
        Where the text is a range, its end, within the clip.
    rules
        How it was settled; empty for the agreed form.
    """

    at: int
    until: int | None = None
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True)
class _Reading:
    at: int
    rule: Rule | None
    only_far: bool = False
    """Counts only where the usual reading is past the clip by far."""


def _slack_of(length: int) -> int:
    return max(_LEAST_SLACK, round(length * _SLACK_SHARE))


@dataclass(frozen=True, slots=True)
class Clock:
    """Reads the times of one answer.

    Attributes
    ----------
    length
        Milliseconds of the clip.
    minutes_as_hours
        Whether all times of this answer are written as `MM:SS:00`.
    counts_milliseconds
        Whether plain numbers of this answer are milliseconds.
    dots_for_colons
        Whether `01.05` in this answer is `01:05`.
    """

    length: int
    minutes_as_hours: bool = False
    counts_milliseconds: bool = False
    dots_for_colons: bool = False

    @classmethod
    def of(cls, values: Iterable[Any], *, length: float) -> "Clock":
        """Return the clock for an answer.

        Parameters
        ----------
        values
            All its times, as they are written.
        length
            Seconds of the clip.
        """
        end = math.floor(min(length, _LONGEST_CLIP) * 1000 + 1e-6) if length > 0 else 0
        latest = end + _slack_of(end)
        parts: list[tuple[int, int, int]] = []
        numbers: list[float] = []
        dotted: list[int] = []
        asked = 0
        for value in values:
            if isinstance(value, str) and (match := _AGREED.fullmatch(value)) is not None:
                parts.append((int(match[1]), int(match[2]), int(match[3])))
            elif isinstance(value, str) and (match := _DOTTED.fullmatch(value)) is not None:
                dotted.append((int(match[1]) * 60 + int(match[2])) * 1000)
            elif (number := _plain_number(value)) is not None:
                numbers.append(number)
            else:
                asked += isinstance(value, str) and _ASKED.fullmatch(value) is not None
        timed = [one for one in parts if any(one)]
        return cls(
            end,
            minutes_as_hours=len(timed) >= _LEAST_STAMPS
            and all(last == 0 for _, _, last in timed)
            and any((hours * 60 + minutes) * 60_000 > latest for hours, minutes, _ in timed)
            and all(hours * 60_000 + minutes * 1000 <= latest for hours, minutes, _ in timed),
            counts_milliseconds=bool(numbers) and max(numbers) * 1000 > _FAR * end and max(numbers) <= latest,
            # Seconds with two digits in front and two behind the point would all be at the clip's start.
            dots_for_colons=max(len(dotted), asked) >= _LEAST_STAMPS
            and not numbers
            and bool(dotted)
            and max(dotted) <= latest,
        )

    def start(self, value: Any, *, after: int = 0) -> Moment | str:
        """Return when an item starts, or a sentence that says why that cannot be told.

        Parameters
        ----------
        value
            The time as it is written.
        after
            When the item before it in the answer starts, in milliseconds.
        """
        readings = self._readings(value)
        if isinstance(readings, str):
            return readings
        (usual, *others), second = readings
        if usual.at <= self.length:
            return self._moment(usual, second)
        if usual.at <= self.length + _slack_of(self.length):
            return self._moment(usual, second, Rule.START_PAST_CLIP)
        for other in self._possible(usual, others):
            if after - _ORDER_SLACK <= other.at <= self.length:
                return self._moment(other, second)
        at, end = timestamp(usual.at / 1000), timestamp(self.length / 1000)
        return f"it starts at {at}, but the clip ends at {end}."

    def end(self, value: Any, *, start: int) -> Moment | None:
        """Return when an item that starts at `start` (milliseconds) ends; None where that cannot be told."""
        readings = self._readings(value)
        if isinstance(readings, str):
            return None
        first, second = readings
        usual, *others = second or first
        extra = (Rule.TIME_RANGE,) if second else ()
        for one in (usual, *self._possible(usual, others)):
            if start <= one.at <= self.length:
                return Moment(one.at, rules=_named(one, *extra))
        if usual.at < start:
            return Moment(start, rules=(*extra, Rule.END_BEFORE_START))
        return Moment(self.length, rules=(*extra, Rule.END_PAST_CLIP))

    def _possible(self, usual: _Reading, others: Sequence[_Reading]) -> Iterator[_Reading]:
        return (one for one in others if not one.only_far or usual.at > _FAR * self.length)

    def _moment(self, one: _Reading, second: Sequence[_Reading], *extra: Rule) -> Moment:
        at = min(one.at, self.length)
        if not second:
            return Moment(at, rules=_named(one, *extra))
        until = next((other.at for other in second if at <= other.at <= self.length), at)
        return Moment(at, until, _named(one, Rule.TIME_RANGE, *extra))

    def _readings(self, value: Any) -> tuple[Sequence[_Reading], Sequence[_Reading]] | str:
        """Return all readings of a time and, for a range, of its end; or what is wrong with it."""
        if isinstance(value, str):
            if (match := _AGREED.fullmatch(value)) is not None:
                return self._ordered(list(_of_parts(match.groups()[:3], match[4], agreed=True))), ()
            return self._of_text(value)
        if (
            isinstance(value, list)
            and len(value) in {1, 2}
            and all(isinstance(one, str | int | float) for one in value)
        ):
            return self._of_text(" - ".join(str(one) for one in value), is_plain=False)
        if isinstance(value, dict):
            return self._of_object(value)
        number = _plain_number(value)
        if number is None:
            return f"{str(value)[:40]!r} is not a time."
        return self._ordered(list(_of_number(number))), ()

    def _of_object(self, value: dict[str, Any]) -> tuple[Sequence[_Reading], Sequence[_Reading]] | str:
        """Read an object of hours, minutes, seconds, as protocol buffers and JavaScript have it, or around a time."""
        inside = [value[name] for name in _NAMES_OF_TIMES if name in value]
        if len(inside) == len(value) <= 2 and inside and all(isinstance(one, str | int | float) for one in inside):
            return self._of_text(" - ".join(map(str, inside)), is_plain=False)
        numbers = {name: _plain_number(number) for name, number in value.items()}
        if not value or any(name not in _FACTORS or number is None for name, number in numbers.items()):
            return "it is an object, not a time."
        return [
            _Reading(round(sum(_FACTORS[name] * (number or 0) for name, number in numbers.items())), Rule.TIME_FORM)
        ], ()

    def _of_text(self, text: str, *, is_plain: bool = True) -> tuple[Sequence[_Reading], Sequence[_Reading]] | str:
        wrong = f"{text[:40]!r} is not a time."
        if len(text) > _LONGEST_TEXT:
            return wrong
        plain = _in_ascii(text)
        if self.dots_for_colons and _DOTTED.fullmatch(plain) is not None:
            plain = plain.replace(".", ":")
        if plain.lower() in _AT_START:
            return [_Reading(0, Rule.TIME_FORM)], ()
        if plain.lower() in _AT_END:
            return [_Reading(self.length, Rule.TIME_FORM)], ()
        if plain.startswith("-"):
            plain = plain[1:].lstrip()
            return ([_Reading(0, Rule.TIME_FORM)], ()) if _time_at(plain, 0) is not None else wrong
        if _DATE_ALONE.fullmatch(plain) is not None:
            return wrong
        found = _time_at(plain, 0)
        if found is None:
            # Words around a time are no harm; but a bare number among words may count anything.
            match = _CLOCK.search(plain)
            return wrong if match is None else (self._ordered(list(_of_clock(match, agreed=False))), ())
        readings, end = found
        between = _BETWEEN.match(plain, end)
        following = None if between is None else _time_at(plain, between.end())
        if following is not None:
            return self._ordered(list(readings)), self._ordered(list(following[0]))
        if end < len(plain) and not any(character in plain[:end] for character in ":sSmMhH."):
            return wrong
        if readings[0].rule is None and not (is_plain and plain == text and end == len(plain)):
            readings = [_Reading(one.at, one.rule or Rule.TIME_FORM) for one in readings]
        return self._ordered(list(readings)), ()

    def _ordered(self, readings: Sequence[_Reading]) -> Sequence[_Reading]:
        """Put first what is the form of the whole answer."""
        preferred = {
            rule
            for rule, is_habit in (
                (Rule.MINUTES_AS_HOURS, self.minutes_as_hours),
                (Rule.MILLISECONDS, self.counts_milliseconds),
            )
            if is_habit
        }
        return sorted(readings, key=lambda one: one.rule not in preferred)


def _named(one: _Reading, *more: Rule) -> tuple[Rule, ...]:
    return more if one.rule is None else (one.rule, *more)


def _plain_number(value: Any) -> float | None:
    if isinstance(value, str):
        text = value.strip()
        return float(text) if _NUMBER_ALONE.fullmatch(text) and not _DIGITS.fullmatch(text) else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _LARGEST:
        return None
    return float(value)


def _in_ascii(text: str) -> str:
    """Return a text with ASCII colons and dashes, without brackets and letters around a time, and without dates."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).translate({**_DASHES, **_COLONS, **_POINTS})
    text = _LETTERS_AROUND.sub("", text.strip(_AROUND))
    return _DATE.sub("", text)


def _time_at(text: str, position: int) -> tuple[list[_Reading], int] | None:
    """Return the readings of the time that begins at a position, and where it ends."""
    if (match := _CLOCK.match(text, position)) is not None:
        return list(_of_clock(match, agreed=_ASKED.fullmatch(match[0]) is not None)), match.end()
    if (match := _DOTS.match(text, position)) is not None:
        parts = (match[1], match[3], match[4])
        return list(_of_parts(parts, match[5], agreed=False)), match.end()
    if (match := _PRIMES.match(text, position)) is not None:
        return list(_of_parts((match[1], match[2]), match[3], agreed=False)), match.end()
    if (with_units := _of_units(text, position)) is not None:
        return with_units
    if (match := _DIGITS.match(text, position)) is not None and not text[match.end() : match.end() + 1].isdigit():
        pairs = tuple(match[0][place : place + 2] for place in range(0, len(match[0]), 2))
        return list(_of_parts(pairs, None, agreed=False)), match.end()
    if (match := _NUMBER.match(text, position)) is not None:
        return list(_of_number(float(match[0].replace(",", ".")))), match.end()
    return None


def _of_units(text: str, position: int) -> tuple[list[_Reading], int] | None:
    """Return the reading of numbers with units, from the largest to the smallest, and where they end."""
    before = _BEFORE_UNITS.match(text, position)
    position = position if before is None else before.end()
    at, last = 0.0, math.inf
    while (match := _WITH_UNIT.match(text, position)) is not None:
        factor = _UNIT_OF.get(match[2].casefold(), math.inf)
        if factor >= last:
            break
        number = match[1].replace(",", ".")
        # `41,000 ms`: nobody writes parts of a millisecond.
        at += float(number.replace(".", "") if factor == 1 else number) * factor
        last, position = factor, match.end()
    if last == _MINUTE and (bare := _SECONDS_WITHOUT_UNIT.match(text, position)) is not None:
        at, position = at + float(bare[1].replace(",", ".")) * 1000, bare.end()
    return None if last == math.inf else ([_Reading(round(at), Rule.TIME_FORM)], position)


def _of_number(number: float) -> Iterator[_Reading]:
    yield _Reading(max(0, round(number * 1000)), Rule.TIME_FORM)
    if number >= 0 and number == int(number):
        yield _Reading(int(number), Rule.MILLISECONDS, only_far=True)


def _of_clock(match: re.Match[str], *, agreed: bool) -> Iterator[_Reading]:
    parts = tuple(part.strip() for part in match[1].split(":"))
    yield from _of_parts(parts, match[2], agreed=agreed)


def _of_parts(parts: Sequence[str | Any], fraction: str | None, *, agreed: bool) -> Iterator[_Reading]:
    """Yield the readings of a time of two to four parts between colons, the usual one first.

    Parameters
    ----------
    parts, fraction
        Digits.
    agreed
        Whether this is a form that was asked for.
    """
    rule = None if agreed else Rule.TIME_FORM
    thousandths = round(float(f"0.{fraction or 0}") * 1000)
    numbers = [int(part) for part in parts]
    if len(parts) == 4:
        hours, minutes, seconds, _ = numbers
        yield _Reading(((hours * 60 + minutes) * 60 + seconds) * 1000 + _fraction(parts[3]), rule)
        yield _Reading(
            (hours * 60 + minutes) * 1000 + _fraction(parts[2]), Rule.MINUTES_AS_HOURS, only_far=seconds != 0
        )
    elif len(parts) == 3:
        first, second, last = numbers
        shifted = (first * 60 + second) * 1000 + (thousandths if last == 0 else _fraction(parts[2]))
        if len(parts[2]) < 3:
            yield _Reading(((first * 60 + second) * 60 + last) * 1000 + thousandths, rule)
        yield _Reading(shifted, Rule.MINUTES_AS_HOURS, only_far=last != 0)
    elif len(parts[1]) < 3:
        yield _Reading((numbers[0] * 60 + numbers[1]) * 1000 + thousandths, rule)
        if numbers[1] == 0:
            # `41:00` may be 41 s and nothing behind them.
            yield _Reading(numbers[0] * 1000 + thousandths, Rule.MINUTES_AS_HOURS, only_far=True)
    else:
        yield _Reading(numbers[0] * 1000 + _fraction(parts[1]), Rule.MINUTES_AS_HOURS)


def _fraction(digits: str) -> int:
    """Return the milliseconds that digits behind a colon mean: `5` and `50` are half a second, `500` too."""
    return round(float(f"0.{digits}") * 1000)
