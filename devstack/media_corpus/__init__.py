"""Recordings as they come, good, bad and hostile. All are made by scripts; none is kept."""

from devstack.media_corpus.hostile import GOOD_ENOUGH, HOSTILE, make_hostile
from devstack.media_corpus.ordinary import BAD, GOOD, ffmpeg, make

__all__ = ["BAD", "GOOD", "GOOD_ENOUGH", "HOSTILE", "ffmpeg", "make", "make_hostile"]
