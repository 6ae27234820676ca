"""Texts and numbers in the form in which they are compared. Pure."""

import re
import unicodedata
from collections.abc import Iterator

__all__ = [
    "content_words",
    "digit_groups",
    "digit_runs",
    "numbers_in",
    "plain",
    "similar_word",
    "squeezed",
    "with_digits",
    "with_two_letters",
    "words_of",
]

_SPACE = re.compile(r"\s+")
_SIGNS = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "„": '"', "–": "-", "—": "-", "\u00ad": None})  # noqa: RUF001
_WORD = re.compile(r"[^\W_]+")
_NOT_A_LETTER = re.compile(r"[\W_]+")
_NUMBER = re.compile(r"\d(?:[\d.,'  ]*\d)?")
_LEAST_FOR_SPELLING = 5
_STEM = 5
_MOST_NUMBER_TEXT = 40
_DIGITS = re.compile(r"\d+")
_DIGIT_RUN = re.compile(r"\d(?:[\s,.()/-]{0,3}\d)*")
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
_DATE = re.compile(r"\d{1,2}\.\d{1,2}\.(?:\d{2}|\d{4})|\d{4}\.\d{1,2}\.\d{1,2}")
_ENGLISH = """
    zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
    eighteen nineteen
"""
_GERMAN = """
    null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn
    achtzehn neunzehn
"""
_UNITS = {word: value for words in (_ENGLISH, _GERMAN) for value, word in enumerate(words.split())}
_TENS_IN_ENGLISH = "twenty thirty forty fifty sixty seventy eighty ninety"
_TENS = {word: 10 * value for value, word in enumerate(_TENS_IN_ENGLISH.split(), start=2)}
_TENS_IN_GERMAN = "zwanzig dreissig vierzig fünfzig sechzig siebzig achtzig neunzig"
_ONES_IN_GERMAN = (
    "",
    "einund",
    "zweiund",
    "dreiund",
    "vierund",
    "fünfund",
    "sechsund",
    "siebenund",
    "achtund",
    "neunund",
)
_TENS |= {
    ones + tens: 10 * value + one
    for value, tens in enumerate(_TENS_IN_GERMAN.split(), start=2)
    for one, ones in enumerate(_ONES_IN_GERMAN)
}
_SPOKEN_NUMBER = re.compile(
    rf"\b(?:(?P<tens>{'|'.join(sorted(_TENS, key=len, reverse=True))})"
    rf"(?:[ -](?P<ones>{'|'.join(word for word, value in _UNITS.items() if 0 < value < 10)}))?"
    rf"|(?P<unit>{'|'.join(_UNITS)}))\b"
)
_SCALES = {"hundred": 100, "thousand": 1000, "million": 1_000_000}
_COMMON_WORDS = """
    about after again also and any are because been before both but can click could did does done each else enter every
    field for from get give goes have here how into its just know like look make more most much must need next not now
    off once one only open other our out over page press same screen see select shall should show some step such take
    than that the their them then there these they this those through type under until upon use user very want was way
    were what when where which while who will with work would you your button area text value window
    aber alle auch auf aus bei das dem den der des die ein eine einen einer für hat ihr ist kann man mit nach nicht noch
    oder sich sie sind und von vor was weil wenn wie wird zum zur klicke öffne gib
    """
_COMMON = frozenset(_COMMON_WORDS.split())


def plain(text: str) -> str:
    """Return a text without differences of case, spacing, quotation marks and dashes."""
    return _SPACE.sub(" ", unicodedata.normalize("NFKC", text).translate(_SIGNS)).casefold().strip()


def squeezed(text: str) -> str:
    """Return only the letters and digits of a text."""
    return _NOT_A_LETTER.sub("", plain(text))


def words_of(text: str) -> list[str]:
    """Return the words of a text, in order."""
    return _WORD.findall(plain(text))


def content_words(text: str) -> list[str]:
    """Return the words of a text that say something about its subject."""
    return [word for word in words_of(text) if len(word) > 2 and word not in _COMMON and not word.isdigit()]


def similar_word(one: str, other: str) -> bool:
    """Tell whether two words are the same but for one letter or their ending: speech is transcribed by ear."""
    if one == other:
        return True
    shorter, longer = sorted((one, other), key=len)
    if len(shorter) < _LEAST_FOR_SPELLING or one.isdigit() or other.isdigit():
        return False
    return longer.startswith(shorter[: max(_STEM, len(shorter) - 2)]) or _one_edit(shorter, longer)


def _one_edit(shorter: str, longer: str) -> bool:
    """Tell whether one letter was changed, left out or added, or two neighbours changed places."""
    if len(longer) - len(shorter) > 1:
        return False
    same = next((at for at, (a, b) in enumerate(zip(shorter, longer, strict=False)) if a != b), len(shorter))
    if len(shorter) < len(longer):
        return shorter[same:] == longer[same + 1 :]
    rest, other = shorter[same:], longer[same:]
    return rest[1:] == other[1:] or (rest[:2] == other[1::-1] and rest[2:] == other[2:])


def numbers_in(text: str) -> Iterator[str]:
    """Return the numbers of a text in one form, whatever separators they are written with, and those in words."""
    for number in _NUMBER.findall(unicodedata.normalize("NFKC", text)[:1_000_000]):
        yield from _readings(number[:_MOST_NUMBER_TEXT])
    yield from _spoken_numbers(words_of(text))


def digit_groups(text: str) -> Iterator[str]:
    """Return the digits of a text that stand together, in the form of `numbers_in`: the groups of a phone number."""
    for digits in _DIGITS.findall(unicodedata.normalize("NFKC", text)[:1_000_000]):
        yield _canonical(digits[:_MOST_NUMBER_TEXT], "")


def digit_runs(text: str) -> Iterator[str]:
    """Return the digits of a text that follow each other, whatever signs group them, as in a phone number."""
    for run in _DIGIT_RUN.findall(unicodedata.normalize("NFKC", text)[:1_000_000]):
        yield "".join(filter(str.isdigit, run))


def with_digits(text: str) -> str:
    """Return a plain text with digits in place of numbers in words: `abc 1 2 3` for "abc one two three"."""
    return _SPOKEN_NUMBER.sub(_in_digits, text)


def _in_digits(match: re.Match[str]) -> str:
    if match["unit"] is not None:
        return str(_UNITS[match["unit"]])
    return str(_TENS[match["tens"]] + (0 if match["ones"] is None else _UNITS[match["ones"]]))


def with_two_letters(word: str) -> str:
    """Return a plain word as it is written without umlauts: `mueller` for "müller"."""
    return word.translate(_UMLAUTS)


def _readings(number: str) -> Iterator[str]:
    """Return what a number may mean: 1.234 is one thousand and something, or one and something."""
    compact = re.sub(r"['\s]", "", number)
    yield _canonical(re.sub(r"[.,]", "", compact), "")
    match = re.fullmatch(r"(.*)[.,](\d+)", compact)
    if match is not None:
        yield _canonical(re.sub(r"[.,]", "", match[1]), match[2])
    if _DATE.fullmatch(number) is not None:
        # The parts of a date may be written in another order elsewhere.
        yield from (_canonical(part, "") for part in number.split("."))


def _canonical(whole: str, fraction: str) -> str:
    whole, fraction = whole.lstrip("0") or "0", fraction.rstrip("0")
    return f"{whole}.{fraction}" if fraction else whole


def _spoken_numbers(words: list[str]) -> Iterator[str]:
    total = current = 0
    digits = ""
    for word in [*words, ""]:
        if word in _UNITS or word in _TENS or (word in _SCALES and (current or total)):
            value = _UNITS.get(word, _TENS.get(word, 0))
            digits += str(value) if word in _UNITS and value < 10 else ""
            if word in _SCALES:
                scale = _SCALES[word]
                current *= scale
                if scale > 100:
                    total, current = total + current, 0
            else:
                current += value
        elif word != "and" or not (total or current):
            if total + current:
                yield str(total + current)
            if len(digits) > 1:
                yield _canonical(digits, "")
            total = current = 0
            digits = ""
