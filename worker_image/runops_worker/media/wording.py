"""Figures as people write them."""

__all__ = ["bytes_text", "seconds_text"]


def seconds_text(seconds: float) -> str:
    """Say a duration: `0.3 s`, `42 s`, `7 min 5 s`, `2 h 10 min`."""
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
    """Say a size: `512 bytes`, `3.5 MB`, `4.3 GB`."""
    if size < 1000:
        return f"{size} bytes"
    value = float(size)
    for unit in ("kB", "MB", "GB"):
        value /= 1000
        if value < 1000:
            break
    return f"{value:.1f} {unit}"
