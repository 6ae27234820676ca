"""Files that are surely no recordings are not uploaded, by their first bytes; whatever else is left to the worker."""

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import Result

from devstack.sample import RECORDING
from runops_cli.rows.first_bytes import FIRST_BYTES, first_bytes, text_kind

Runops = Callable[..., Result]


@pytest.mark.parametrize(
    ("begin", "kind"),
    [
        (b"Meeting notes\n- call the bank\n", "text"),
        ("Größe: 12 €".encode(), "text"),
        ("\ufeffnotes".encode(), "text"),
        ("notes".encode("utf-16"), "text"),
        (b"<!DOCTYPE html><html>", "a web page"),
        (b"\n<HTML><body>404 Not Found", "a web page"),
        (b"<?xml version='1.0'?><Error><Code>AccessDenied</Code>", "a web page"),
        (b'{"error": "jwt expired"}', "JSON"),
        (b"[1, 2]", "JSON"),
        # A letter may be cut off where the bytes end.
        ((b"x" * (FIRST_BYTES - 1)) + "é".encode()[:1], "text"),
        # Recordings, whole or damaged, and what is not known.
        (b"\x00\x00\x00\x20ftypisom", None),
        (b"\x1aE\xdf\xa3\x01\x00\x00\x00", None),
        (b"RIFF\x24\x00\x00\x00AVI LIST", None),
        (b"FLV\x01\x05\x00\x00\x00\x09", None),
        (b"G@\x00\x10\x00", None),
        (b"\x00" * 64, None),
        (b"\xff\xd8\xff\xe0", None),
        (b"text\xff\xfe and then none", None),
        (b"GIF", None),
        (b"", None),
    ],
)
def test_a_text_is_told_from_everything_else(begin: bytes, kind: str | None) -> None:
    assert text_kind(begin) == kind


@given(st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=FIRST_BYTES))
def test_a_long_text_is_one_wherever_it_is_cut(text: str) -> None:
    assert text_kind(text.encode()[:FIRST_BYTES]) is not None


def test_the_sample_is_taken() -> None:
    assert text_kind(first_bytes(RECORDING)) is None


def test_a_file_that_cannot_be_read_is_told_when_it_is_uploaded(tmp_path: Path) -> None:
    assert first_bytes(tmp_path / "missing.mp4") == b""


def test_an_error_page_that_was_saved_as_a_recording_is_not_queued(
    runops: Runops, database: psycopg.Connection, tmp_path: Path
) -> None:
    page = tmp_path / "download.mp4"
    page.write_text("<!doctype html><title>Sign in</title>", "utf-8")
    result = runops("submit", page)
    assert result.exit_code == 2
    assert result.stderr == f"{page} is a web page and no recording. Choose a recording.\n"
    assert database.execute("select count(*) from jobs").fetchone() == (0,)
