"""Durations and sizes as text for people."""

__all__ = ["bytes_text", "seconds_text"]


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


def bytes_text(size: int) -> str:
    """Return a size as text: `512 bytes`, `3.5 MB`, `4.3 GB`."""
    if size < 1000:
        return f"{size} bytes"
    for unit, factor in (("kB", 1e3), ("MB", 1e6)):
        if size < 1000 * factor:
            return f"{size / factor:.1f} {unit}"
    return f"{size / 1e9:.1f} GB"
