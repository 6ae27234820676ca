"""A procedure with everything that a page shows: loop, decision, jump, typed value, hidden password, gap, questions."""

import struct
import zlib
from typing import Any, Final
from uuid import UUID

from runops.procedure import Picture, Procedure, build
from runops.procedure.picture import Area
from runops.sop_as_stored import sop_as_stored
from tests.sop_graphs import edge, loop, node, raw_sop

JOB: Final = UUID("6f1d3a52-2f5c-4b0e-9a51-0a6b8f6f0c11")

SOP: Final = raw_sop(
    [
        node("start", "trigger", "An invoice is open"),
        node("sign-in", label="Sign in to the shop", intent="Only members see invoices."),
        loop("each", ["search", "above", "ask", "approve"], "Handle every open invoice"),
        node("search", label='Search for the supplier, such as "Helios"', context="In the list of invoices"),
        node("above", "decision", "Is the amount above 1,000 euros?"),
        node("ask", label="Ask the manager"),
        node("approve", label="Approve the invoice"),
        node("file", label="File the list"),
        node("end", "end", "All invoices are handled"),
    ],
    [
        edge("start", "sign-in"),
        edge("sign-in", "each"),
        edge("each", "search"),
        edge("search", "above"),
        edge("above", "ask", "yes"),
        edge("above", "approve", "no"),
        edge("ask", "each"),
        edge("approve", "each"),
        edge("each", "file", "all_processed"),
        edge("file", "end"),
    ],
    variables={"supplier": "Helios", "limit": 1000, "manager": None},
    clarification_requests=[
        {"id": "q1", "question": "Who is the manager?", "importance": "low"},
        {"id": "q2", "question": "What is done with invoices in dollars?", "importance": "high"},
    ],
)


def seen(at: str, action: str, *, application: str = "Ledgerline", **more: Any) -> dict[str, Any]:
    target, data, end = more.get("target"), more.get("data"), more.get("end")
    item: dict[str, Any] = {
        "timestamp_start_visual": at,
        "application_in_focus": application,
        "action_type_observed": action,
        "screen_region_description_pre_action": "",
        "screen_region_description_post_action": more.get("shows", ""),
    }
    if end:
        item["timestamp_end_visual"] = end
    if target:
        item["target_element_details"] = {"element_type_guess": "text field", "element_visible_text": target}
    if data:
        item["data_input_observed"] = {"typed_characters": data}
    return item


def heard(start: str, end: str, text: str) -> dict[str, Any]:
    return {"timestamp_start_audio": start, "timestamp_end_audio": end, "verbatim_transcript_segment": text}


TRANSCRIPT: Final[list[dict[str, Any]]] = [
    seen(
        "00:00:04",
        "TYPE",
        application="Shop - Sign in",
        target="Password",
        data="[password hidden]",
        shows="The page greets with [password hidden].",
    ),
    seen("00:00:20", "SCREEN_UPDATE", shows="The list of invoices is there."),
    heard("00:00:30.500", "00:00:33", "First I search for the supplier."),
    seen("00:00:34", "CLICK", target="Search supplier"),
    seen("00:00:35", "TYPE", target="Search supplier", data="Helios", end="00:00:37"),
    seen("00:00:38", "KEYPRESS_CTRL+ENTER"),
    heard("00:00:50", "00:00:54.250", "It is above one thousand, so I ask the manager."),
    seen("00:01:10", "CLICK", target="Approve", shows='"Approved" is below the amount.'),
    {
        "timestamp_start_visual": "00:02:00",
        "timestamp_end_visual": "00:03:00",
        "application_in_focus": "unknown",
        "action_type_observed": "SCREEN_UPDATE",
        "screen_region_description_pre_action": "This part of the recording was not transcribed: the model refused it.",
        "screen_region_description_post_action": "Not known.",
    },
]


def _named(number: int) -> dict[str, Any]:
    item = TRANSCRIPT[number - 1]
    kind = "audio" if "timestamp_start_audio" in item else "visual"
    times = {"start": item[f"timestamp_start_{kind}"], "end": item.get(f"timestamp_end_{kind}")}
    return {"id": f"t{number:04d}", "kind": kind, **{name: time for name, time in times.items() if time}}


EVIDENCE: Final[dict[str, Any]] = {
    "format": 1,
    "nodes": {
        "sign-in": [_named(1)],
        "each": [_named(2)],
        "search": [_named(3), _named(4), _named(5), _named(6)],
        "above": [_named(7)],
        "ask": [_named(7)],
        "approve": [_named(8)],
    },
}


def procedure(
    sop: dict[str, Any] = SOP,
    transcript: list[Any] | None = TRANSCRIPT,
    evidence: dict[str, Any] | None = EVIDENCE,
) -> Procedure:
    stored = sop_as_stored(sop)
    assert stored is not None
    return build(stored, transcript, evidence, job_id=JOB)


def png(width: int, height: int, *, grey: int = 200) -> bytes:
    """Return a picture of one grey."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = (b"\0" + bytes([grey]) * width) * height
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")


PICTURES: Final = {
    "t0005": Picture(
        data=png(160, 90), media_type="image/png", width=160, height=90, at=37.5, mark=Area(30, 10, 40, 8)
    ),
    "t0007": Picture(data=png(160, 90, grey=90), media_type="image/png", width=160, height=90, at=50.0),
}


def filled(value: Any, texts: list[str]) -> Any:
    """Put hostile texts in place of those of a SOP or transcript that a recording decides about."""
    free = iter(texts)

    def change(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {name: change(inner, name) for name, inner in value.items()}
        if isinstance(value, list):
            return [change(inner, key) for inner in value]
        kept = {"id", "type", "source", "target", "condition", "children", "importance", "node_id", "kind", "start"}
        times = key.startswith("timestamp") or key in {"end", "action_type_observed"}
        return value if key in kept or times or not isinstance(value, str) else next(free, "<b>x")

    return change(value)
