"""How the sound of a recording becomes the sound of its slim video. Pure.

ffmpeg builds a filter graph anew where a track changes its channels or its rate, for example where a headset is plugged
in. A new graph begins at 0 again, which is wrong by then. So for such a recording each track has a graph of its own up
to where its sound has two channels at 16 kHz. The graph after that gets the same format all the time, is never built
anew, and keeps count of the time. Other recordings have one graph: between two, ffmpeg 9 was seen to hang once
in some hundreds of runs on a busy machine. Such a run is noticed and started again (`waiting_run`).
"""

from collections.abc import Iterator, Sequence
from typing import Final

from runops_worker.media.recording.recording import SoundTrack

__all__ = ["sound_options"]

_RATE: Final = 16_000
# The fast coder takes half the time, and its result is 2 to 3 dB closer to the source.
_ENCODER: Final = ("-c:a", "aac", "-aac_coder", "fast", "-ac", "1", "-ar", f"{_RATE}", "-b:a", "32k")
# The most that ffmpeg's filter takes. It leaves out channels that a track does not have.
_CHANNELS: Final = 64
# Channels are added by number. By their names, ffmpeg would leave out the third one as a subwoofer, which is the
# microphone of many an aggregate device, and it knows no names for nine channels or more.
# Each a little less loud than the one before, so that no two that are inverted against each other cancel each other.
_LESS_LOUD: Final = 0.07
_EVEN, _ODD = (
    "+".join(f"{1 - _LESS_LOUD * (number // 2 % 8):.2f}*c{number}" for number in range(first, _CHANNELS, 2))
    for first in (0, 1)
)
# Floating point: a sum above full scale is not clipped before the level is lowered.
_TWO_CHANNELS: Final = f"aformat=sample_fmts=fltp,pan=stereo|c0={_EVEN}|c1={_ODD},aresample={_RATE}"
# A late start and gaps are filled with silence. Sound that is more than 40 ms early or late is moved to its time.
_ON_TIME: Final = f"aresample={_RATE}:async=1:min_hard_comp=0.04:first_pts=0"
# ffmpeg keeps the silence of a gap in memory, 8 to 16 bytes a sample. It has no room for two hours, and drops the sound
# behind them silently. So a track with long pauses is divided before the end of each, and the parts are filled
# up with silence that is made when it is needed.
_BEFORE_SOUND_SECONDS: Final = 0.5
# Every second channel is shifted by a quarter of a wave against the others. So a channel that is inverted against its
# neighbour does not cancel it, and equal ones are not doubled. Order 4 is even to 0.1 dB from 60 Hz to 6 kHz. Half a
# second at a time costs ffmpeg less than a packet at a time.
_SHIFT: Final = "aphaseshift=order=4:shift"
_ONE_CHANNEL: Final = (
    f"asetnsamples=n={_RATE // 2}:p=0,channelsplit[even{{n}}][odd{{n}}];"
    f"[even{{n}}]{_SHIFT}=0[one{{n}}];[odd{{n}}]{_SHIFT}=0.5[other{{n}}];"
    "[one{n}][other{n}]amix=inputs=2:normalize=0"
)
# Speech of a quiet microphone is raised by up to 20 dB, to the same peak as that of a loud one. Before, what is below
# -54 dB is lowered by as much: the noise of a pause is not raised.
_LEVEL: Final = (
    "agate=threshold=0.002:range=0.1:ratio=10:knee=1:attack=5:release=500:detection=rms,"
    "dynaudnorm=framelen=250:gausssize=15:peak=0.8:maxgain=10:altboundary=1"
)
_LIMIT: Final = "alimiter=limit=0.8:level=0"
# ffmpeg 9 does not empty the last of several graphs at its end. So each track is made longer than what is kept.
_SPARE_SECONDS: Final = 5.0


def sound_options(sounds: Sequence[SoundTrack], *, seconds: float, changes: bool) -> list[str]:
    """Return the options of ffmpeg's output that mix and encode the sound.

    Parameters
    ----------
    sounds
        The tracks that are heard.
    seconds
        Length of the recording. The sound gets the same length.
    changes
        Whether a track changes its channels or its rate.
    """
    if not sounds:
        return []
    last = max((edit.end for track in sounds for edit in track.edits), default=seconds)
    fill = f"apad=whole_dur={last + _SPARE_SECONDS:.3f}"
    heads = [f"[0:a:{track.place}]{_TWO_CHANNELS},{fill}" for track in sounds]
    tails = [f"{_on_time(track, n)},{_ONE_CHANNEL.format(n=n)},{_LEVEL}" for n, track in enumerate(sounds)]
    if changes:
        graphs = [f"{head}[track{n}]" for n, head in enumerate(heads)]
        tracks = [f"[track{n}]{tail}" for n, tail in enumerate(tails)]
    else:
        graphs = []
        tracks = [f"{head},{tail}" for head, tail in zip(heads, tails, strict=True)]
    # Where edits are followed, the parts end before the last one of them is as long as the picture.
    longer = f",apad=whole_dur={seconds:.3f}" if any(track.edits for track in sounds) else ""
    graphs.append(f"{_mixed(tracks)}{longer},atrim=end={seconds:.3f}[sound]")
    options = [option for graph in graphs for option in ("-filter_complex", graph)]
    return [*options, "-map", "[sound]", *_ENCODER]


def _on_time(track: SoundTrack, n: int) -> str:
    parts = list(_parts(track))
    if parts == [(0.0, None)]:
        return _ON_TIME
    names = [f"{n}part{number}" for number in range(len(parts))]
    graphs = []
    for name, (begin, end) in zip(names, parts, strict=True):
        there = f"atrim=start={begin:.3f}" + ("" if end is None else f":end={end:.3f}")
        length = "" if end is None else f",apad=whole_dur={end - begin:.3f},atrim=end={end - begin:.3f}"
        graphs.append(f"[{name}]{there},asetpts=PTS-{begin:.3f}/TB,{_ON_TIME}{length}[filled{name}]")
    filled = "".join(f"[filled{name}]" for name in names)
    split = f"asplit={len(names)}" + "".join(f"[{name}]" for name in names)
    return f"{split};{';'.join(graphs)};{filled}concat=n={len(names)}:v=0:a=1"


def _parts(track: SoundTrack) -> Iterator[tuple[float, float | None]]:
    """Yield begin and end of each part of the sound that is made by itself; the end is None if it is that of all."""
    shown: list[tuple[float, float | None]] = [(edit.begin, edit.end) for edit in track.edits]
    for begin, end in shown or [(0.0, None)]:
        at = begin
        for pause in track.pauses:
            sound = pause.end - _BEFORE_SOUND_SECONDS
            if sound > at and (end is None or sound < end):
                yield at, sound
                at = sound
        yield at, end


def _mixed(tracks: Sequence[str]) -> str:
    if len(tracks) == 1:
        return tracks[0]
    levels = ";".join(f"{track}[level{n}]" for n, track in enumerate(tracks))
    names = "".join(f"[level{n}]" for n in range(len(tracks)))
    return f"{levels};{names}amix=inputs={len(tracks)}:normalize=0,{_LIMIT}"
