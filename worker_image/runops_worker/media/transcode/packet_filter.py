"""Writes the bitstream filter by which ffmpeg drops packets before they are decoded.

ffmpeg's filter `noise` drops the packets for which a formula is not 0. Formulas have no lists, so groups of 48 packets
become the bits of integers, which a double holds exactly. A binary tree of comparisons finds the integer of a packet.
"""

from collections.abc import Sequence
from typing import Final

__all__ = ["dropping"]

_BITS: Final = 48


def dropping(keep: Sequence[int]) -> str:
    """Return the bitstream filter that lets the kept packets through.

    Parameters
    ----------
    keep
        One number per packet, in the order of the file: 0 if it is dropped. Packets after the last number are kept.
    """
    words = [_word(keep[begin : begin + _BITS]) for begin in range(0, len(keep), _BITS)]
    return f"noise=drop='mod(floor({_tree([*words, 0], first=0)}/pow(2,mod(n,{_BITS}))),2)'"


def _word(keep: Sequence[int]) -> int:
    return sum(1 << place for place, kept in enumerate(keep) if not kept)


def _tree(words: Sequence[int], *, first: int) -> str:
    if all(word == words[0] for word in words):
        return str(words[0])
    middle = len(words) // 2
    low, high = _tree(words[:middle], first=first), _tree(words[middle:], first=first + middle)
    return f"if(lt(n,{(first + middle) * _BITS}),{low},{high})"
