"""The sample recording: a real screen, a real browser, a spoken narration.

`python -m evaluation record ledgerline-invoice --out FOLDER` makes it again.
"""

from pathlib import Path
from typing import Final

__all__ = ["RECORDING"]

RECORDING: Final = Path(__file__).with_name("recording.mp4")
"""Somebody works through an open invoice in a small web app and says what they do: H.264 and AAC, about a minute."""
