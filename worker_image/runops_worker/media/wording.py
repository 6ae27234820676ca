"""Durations and sizes as text for people."""

__all__ = ["bytes_text", "distinct_text", "seconds_text"]


def seconds_text(seconds: float) -> str:
    """Return a duration as text: `0.3 s`, `42 s`, `7 min 5 s`, `2 h 10 min`."""
    if seconds < 10:
        return f"{seconds:.1f}".removesuffix(".0") + " s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        minutes, rest = divmod(whole, 60)
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def distinct_text(seconds: float, other: float) -> str:
    """Return a duration as text that differs from the text of another one, with more digits where it takes them.

    A sentence that compares the two would contradict itself otherwise: "1 s long; it must be at least 1 s".
    """
    for text in (seconds_text, _to_the_second, "{:.2f} s".format, "{:.4f} s".format):
        if text(seconds) != text(other):
            return text(seconds)
    return f"{seconds} s"


def _to_the_second(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "h"), (minutes, "min"), (rest, "s"))
    return " ".join(f"{amount} {unit}" for amount, unit in parts if amount) or "0 s"


def bytes_text(size: int) -> str:
    """Return a size as text: `512 bytes`, `3.5 MB`, `4.3 GB`."""
    if size < 1000:
        return f"{size} bytes"
    for unit, factor in (("kB", 1e3), ("MB", 1e6)):
        if size < 1000 * factor:
            return f"{size / factor:.1f} {unit}"
    return f"{size / 1e9:.1f} GB"
