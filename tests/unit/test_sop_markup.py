import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runops.sop_markup import without_markup

PAYLOADS = [
    "<script>alert(1)</script>",
    "<ScRiPt >alert(1)</sCrIpT>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<img src=x onerror=alert(1)>",
    "<img src=x onerror=alert(1)//",
    '<svg/onload="alert(1)">',
    "<svg><animate onbegin=alert(1) attributeName=x></svg>",
    '<a href="javascript:alert(1)">x</a>',
    '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
    "<!--<img src=x onerror=alert(1)>-->",
    "<![CDATA[<b onclick=alert(1)>x</b>]]>",
    "<?xml version='1.0'?><x/>",
    "</textarea><script>alert(1)</script>",
    "<b onmouseover=alert(1)>x</b>",
    "<b></b\n><script\n>alert(1)</script\n>",
    "<<b></b>script>alert(1)<</b>/script>",
    "<<p></p>img src=x onerror=alert(1)>",
    "<style>@import 'x'</style>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<details open ontoggle=alert(1)>",
    "<x contenteditable onblur=alert(1)>",
    "<template><script>alert(1)</script></template>",
    "<br onclick=alert(1)>",
    "<p>one<script>alert(1)</script></p>",
]
# What an HTML parser takes for the beginning of a tag, comment or declaration.
OPENS = re.compile(r"<[A-Za-z/!?]")


@pytest.mark.parametrize("payload", PAYLOADS)
def test_nothing_is_left_that_a_browser_reads_as_markup(payload: str) -> None:
    for text in (payload, f"before {payload} after", payload * 3, f"<b>{payload}</b>"):
        assert not OPENS.search(without_markup(text))


@pytest.mark.parametrize(
    "text",
    ["a < b", "x <= 3 and y >= 4", "1<2", "<3", "if a < b then c > d", "-> next", "A & B", "5 &lt; 6"],
)
def test_what_is_no_markup_stays_as_it_is(text: str) -> None:
    assert without_markup(text) == text


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Click <b>Save</b> now", "Click Save now"),
        ("<b><i>both</i></b>", "both"),
        ("one<br>two<br/>three", "one\ntwo\nthree"),
        ("<ul><li>one</li><li>two</li></ul>", "one\ntwo\n\n"),
        ("Write to <customer name>", "Write to \u2039customer name\u203a"),
        ("a<b", "a\u2039b"),
        ("<script>alert(1)</script>", "\u2039script\u203aalert(1)\u2039/script\u203a"),
    ],
)
def test_formatting_is_removed_and_other_markup_is_shown(text: str, plain: str) -> None:
    assert without_markup(text) == plain


@given(
    st.lists(st.sampled_from(["<", ">", "b", "/", "!", " ", "<b>", "</b>", "<p>", "</p>", "<br>", "script"])).map(
        "".join
    )
)
def test_a_second_call_changes_nothing(text: str) -> None:
    once = without_markup(text)
    assert not OPENS.search(once)
    assert without_markup(once) == once
