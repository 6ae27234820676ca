"""What the worker itself writes into a SOP: each sentence by its name, in one language."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path
from typing import Any, Final

__all__ = ["ENGLISH", "LANGUAGES", "Wording", "read_wording"]

_TABLES: Final = Path(__file__).with_name("languages")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """The sentences of one language. Its table is a file in `languages/`.

    Attributes
    ----------
    name
        Of the language, in English.
    asked_for_as
        Names and codes by which an installation asks for it, in small letters.
    capitalises_nouns
        Whether a capital letter inside a sentence says nothing: any noun has one.
    frequent_words
        Words that are frequent in this language and rare in the others.
    own_letters
        Ranges of letters that only this language has, as in a regular expression; mostly none.
    templates
        The sentences by their names; words in braces stand for parts of the SOP.
    """

    name: str
    asked_for_as: frozenset[str]
    capitalises_nouns: bool
    frequent_words: frozenset[str]
    own_letters: str = ""
    templates: Mapping[str, str] = field(repr=False, hash=False)

    def say(self, sentence: str, /, **parts: object) -> str:
        """Return a sentence.

        Parameters
        ----------
        sentence
            Its name.
        **parts
            What the words in braces stand for. They are not read as templates themselves.

        Raises
        ------
        KeyError
            There is no such sentence, or a part is missing.
        """
        return self.templates[sentence].format(**parts)

    def listed(self, parts: Iterable[str]) -> str:
        """Return parts as they stand in a sentence: `a, b and c`. There is at least one."""
        *rest, last = parts
        if not rest:
            return last
        return self.say("list_last", first=self.row(rest), last=last)

    def row(self, parts: Iterable[str]) -> str:
        """Return parts one after the other: `a, b, c`. There is at least one."""
        return reduce(lambda before, part: self.say("list_more", first=before, next=part), parts)


def read_wording(file: Path) -> Wording:
    """Return the sentences of a language's table."""
    table: dict[str, Any] = tomllib.loads(file.read_text("utf-8"))
    return Wording(
        name=table["name"],
        asked_for_as=frozenset(table["asked_for_as"]),
        capitalises_nouns=table["capitalises_nouns"],
        frequent_words=frozenset(table["frequent_words"].split()),
        own_letters=table.get("own_letters", ""),
        templates=table["sentences"],
    )


LANGUAGES: Final = {wording.name: wording for wording in map(read_wording, sorted(_TABLES.glob("*.toml")))}
"""By their names in English. The tables are part of the program, and are read with it."""
ENGLISH: Final = LANGUAGES["English"]
