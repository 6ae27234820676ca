"""What a SOP states literally must have been shown or said."""

import pytest

from runops_worker.sop.evidence.literals import Literal, is_observed, literals
from runops_worker.sop.evidence.observations import observe
from tests.worker.pure.transcripts import done, said, shown


def found(text: str, *, names: bool = True) -> list[tuple[str, str]]:
    return [(literal.kind, literal.text) for literal in literals(text, names=names)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Open https://a.example/x?y=1.", [("address", "https://a.example/x?y=1")]),
        ("Go to www.a.example, then on", [("address", "www.a.example")]),
        ("Go to shop.example.com/orders", [("address", "shop.example.com/orders")]),
        ("Connect to 10.0.0.7:8080", [("address", "10.0.0.7:8080")]),
        ("Write to anna@example.com.", [("email_address", "anna@example.com")]),
        ("Run `rm -rf /tmp/x`", [("command", "rm -rf /tmp/x")]),
        ("Run curl -s x|sh in the shell", [("command", "curl -s x|sh")]),
        ("Edit /etc/hosts/x and C:\\Temp\\a", [("path", "/etc/hosts/x"), ("path", "C:\\Temp\\a")]),
        ('Click "Save order"', [("value", "Save order")]),
        ("Click 'Save order' twice", [("value", "Save order")]),
        ("Klicke auf „Speichern“", [("value", "Speichern")]),
        ("Attach report.pdf", [("file", "report.pdf")]),
        ("[x](javascript:alert(document.cookie))", [("address", "javascript:alert(document.cookie")]),
        ("See data:text/html;base64,PHNj=", [("address", "data:text/html;base64,PHNj=")]),
        ("Pay to DE89 3704 0044 0532 0130 00 today", [("account", "DE89 3704 0044 0532 0130 00")]),
        ("Pay to GB29NWBK60161331926819 today", [("account", "GB29NWBK60161331926819")]),
        ("Pay $1,200.50 now", [("amount", "$1,200.50")]),
        ("Pay 20 euros", [("amount", "20 euros")]),
        ("Grant 15% off", [("amount", "15%")]),
        ("Open order INV-2024-77", [("identifier", "INV-2024-77")]),
        ("type hunter2", [("identifier", "hunter2")]),
        ("Open order 4711", [("number", "4711")]),
        ("send it to Mallory", [("name", "Mallory")]),
        # Signs of the sentence are no part of it, and neighbours are two.
        ("Run curl -s a/b.", [("command", "curl -s a/b")]),
        ("Attach (report.pdf).", [("file", "report.pdf")]),
        ('Click "Save""Open"', [("value", "Save"), ("value", "Open")]),
        ("Pay $5, then order 4711", [("amount", "$5"), ("number", "4711")]),
        # The first word of a sentence is no name.
        (
            "Ask Anna. Bob sends it to Carol; Dave waits: Eve signs (Frank)\nGrace does not",
            [("name", "Anna"), ("name", "Carol")],
        ),
        ("on Monday press Enter for Anna", [("name", "Anna")]),
    ],
)
def test_literals_are_found(text: str, expected: list[tuple[str, str]]) -> None:
    assert found(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Open the list of orders",
        "Type {order_number} into the field",
        "Type [password hidden]",
        "At 00:01:12. The page is loaded",
        "See 1:30 in the recording",
        "Repeat this 3 times, then do 12 steps",
        "the customer's order isn't there",
        "Go on with the 2nd row at 10am",
        "Press Enter on Monday. Then wait",
        "e.g. the first one, i.e. row 5",
        "Check input/output and yes/no",
        "It took 120 seconds",
        "Abre la lista. ¿Cuándo termina? ¡Cuidado!",
        "Look at the data: it is complete",
    ],
)
def test_wording_is_not_a_literal(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("literal", "observed"),
    [
        ("Call +49 30 123456", "+4930123456"),
        ("Install 2.10.3", "version two dot ten dot three"),
        ("Enter 1999", "nineteen ninety nine"),
        ("Open ABC-123", "ticket abc one two three"),
        ("Open report_final.pdf", "report final dot pdf"),
        ("Enter 1 234,56 €", "1234,56 €"),
        ("Entrez 1\u202f200,50\u00a0€", "1200,50"),
        ("Enter 55 €", "fünfundfünfzig Euro"),
        ("Enter 30 €", "dreißig Euro"),
        ("ask Anna Müller", "anna mueller"),
        ("open Überweisung", "Ueberweisung"),
        ("ask Mueller", "Müller"),
    ],
)
def test_an_honest_literal_in_another_form_is_observed(literal: str, observed: str) -> None:
    texts = observe([said(1, observed)])
    assert literals(literal, names=True)
    assert [one.text for one in literals(literal, names=True) if not is_observed(one, texts)] == []


def test_an_amount_with_spaces_between_thousands_is_one_literal() -> None:
    assert found("Entrez 1 234 567,50 € puis") == [("amount", "1 234 567,50 €")]


def test_few_digits_inside_a_longer_number_are_another_number() -> None:
    phone = observe([said(1, "+4930123456")])
    for text, is_seen in (("12345", True), ("1234", False), ("4930123456", True), ("123457", False)):
        (literal,) = literals(f"Enter {text}", names=True)
        assert is_observed(literal, phone) is is_seen


def test_names_are_not_looked_for_where_more_than_names_is_capitalised() -> None:
    assert found("öffne die Rechnung", names=False) == []


OBSERVED = observe(
    [
        shown(1, "The page shop.example.com/orders shows order INV 2024/77 of Annika Müller over 1.200,50 EUR."),
        said(2, "I go to intranet dot example dot com slash forms and write to kim at example dot org."),
        said(3, "It costs twenty five dollars, the code of the desk is four seven one one."),
        done(4, "TYPE", "Search", typed="git push --force origin"),
        done(5, "CLICK", "Save  ORDER"),
        shown(6, "The file is /srv/reports/May.pdf"),
        done(7, "TYPE", "IBAN", typed="DE89 3704 0044 0532 0130 00"),
        shown(8, "Call 030 1234 5678."),
    ]
)


@pytest.mark.parametrize(
    "text",
    [
        "https://shop.example.com/orders/",
        "http://www.shop.example.com/orders",
        "intranet.example.com/forms",
        "kim@example.org",
        "`git push --force origin`",
        '"Save order"',
        "'SAVE ORDER'",
        "INV-2024-77",
        "1200.50 EUR",
        "$1,200.50",
        "$25",
        "4711",
        "Anika Müller",
        "Annika Muller",
        "/srv/reports/May.pdf",
        "May.pdf",
        "www.shop.example.com",
        '"Save"',
        '"to"',
        '"- -"',
        # Two words or more may be spelled a little differently, and stand apart.
        '"force Anika"',
        "DE89 3704 0044 0532 0130 00",
        "DE89370400440532013000",
        "030 1234 5678",
    ],
)
def test_what_was_shown_or_said_is_found_whatever_its_spelling(text: str) -> None:
    for literal in literals(f"x {text}", names=True):
        assert is_observed(literal, OBSERVED), literal


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("address", "http://evil.example"),
        ("address", "example.com/orders"),
        ("address", "shop.example.com.evil.net"),
        ("address", "shop.example.com/orders/7"),
        ("email_address", "jim@example.org"),
        ("command", "rm -rf /"),
        ("value", "Delete order"),
        ("value", "no"),
        ("value", "Mulller"),
        ("command", "force Anika"),
        ("identifier", "7x"),
        ("address", "xshop.example.com"),
        ("address", "my-shop.example.com"),
        ("address", "my.shop.example.com/orders"),
        ("address", "shop.example.com/order"),
        ("identifier", "INV-2024-78"),
        ("amount", "$1,200.51"),
        ("amount", "26 dollars"),
        ("number", "4712"),
        ("name", "Mallory"),
        ("file", "June.pdf"),
        ("account", "DE89 3704 0044 0532 0130 01"),
        ("number", "1235"),
    ],
)
def test_what_was_neither_shown_nor_said_is_not_found(kind: str, text: str) -> None:
    assert not is_observed(Literal(0, len(text), kind, text), OBSERVED)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('Say "abc def" now', Literal(5, 12, "value", "abc def")),
        ("Run `ls -l` now", Literal(5, 10, "command", "ls -l")),
        # Neighbours without a space between them.
        ("{price}$500", Literal(7, 11, "amount", "$500")),
        ("$500{price}", Literal(0, 4, "amount", "$500")),
        ("A Bobby came", Literal(2, 7, "name", "Bobby")),
    ],
)
def test_where_a_literal_begins_and_ends(text: str, expected: Literal) -> None:
    assert literals(text, names=True) == [expected]


def test_a_word_far_from_the_words_before_it_is_no_name() -> None:
    assert found("the    Bobby") == []
    assert found("the   Bobby") == [("name", "Bobby")]


@pytest.mark.parametrize(
    ("kind", "text", "is_seen"),
    [
        # Four letters may be a part of a word, three may not.
        ("value", "Orde", True),
        ("value", "Ord", False),
        # One word is spelled as it was shown.
        ("value", "Anika", False),
        ("address", "http://www./", True),
    ],
)
def test_short_texts_and_single_words(kind: str, text: str, is_seen: bool) -> None:
    literal = Literal(0, len(text), kind, text)  # type: ignore[arg-type]
    assert is_observed(literal, observe([said(1, "the orders of Annika")])) is is_seen


@pytest.mark.parametrize(
    ("words", "address", "is_said"),
    [
        ("Connect to one nine two dot one six eight dot one dot ten please", "192.168.1.10", True),
        ("Connect to one ninety-two dot one sixty-eight dot one dot ten", "192.168.1.10", True),
        ("It is ten dot zero dot zero dot seven.", "http://10.0.0.7", True),
        ("zehn punkt null punkt null punkt sieben", "10.0.0.7", True),
        ("Connect to one nine two dot one six eight dot one dot eleven", "192.168.1.10", False),
        ("Connect to one nine two dot one six eight dot one dot one hundred", "192.168.1.10", False),
        ("Open shop two dot example dot com", "shop2.example.com", False),
    ],
)
def test_an_address_of_numbers_may_be_said(words: str, address: str, is_said: bool) -> None:
    (literal,) = literals(f"Connect to {address}", names=True)
    assert is_observed(literal, observe([said(1, words)])) is is_said
