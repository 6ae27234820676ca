"""Where a slim video differs from what a player shows and plays. Pure."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator

from tests.media.recordings.description import Recording
from tests.media.recordings.plain import Presented, Sound
from tests.media.recordings.second_tones import WINDOWS_PER_SECOND
from tests.media.recordings.slim import Refused, Slim

__all__ = ["differences"]

# Lengths are rounded to units of time of the container, and coders of sound work in frames.
_SLACK_SECONDS = 0.1
_CLEARLY, _BARELY = 0.08, 0.01
# A header may claim a little too much, and a decoder conceals small faults.
_UNTOLD_SECONDS, _UNTOLD_SHARE = 3.1, 0.3
# One that was cut looks like one that ended there. Nor does it say how long the last picture is.
_UNMARKED = {"mpegts"}
# Where a picture's head is wrong, the demuxer goes on with the next one that it finds and says nothing.
_UNNOTICED = {"avi"}


def differences(recording: Recording, right: Presented, result: Slim | Refused) -> list[str]:
    """Return what is wrong, a sentence each; nothing if the slim video is right or the refusal is.

    Parameters
    ----------
    recording
        What the file is.
    right
        What a player shows and plays of it.
    result
        What the worker's code made of it.
    """
    if isinstance(result, Refused):
        allowed = _reasons(recording, right)
        return [] if result.reason in allowed else [f"refused: {result.reason}: {result.detail}"]
    return [
        *_losses(recording, result),
        *_length(recording, right, result),
        *_pictures(recording, right, result),
        *_size(recording, result),
        *_sound(recording, right, result),
    ]


def _reasons(recording: Recording, right: Presented) -> set[str]:
    reasons = set()
    if recording.damage:
        reasons.add("MediaCorrupt")
    if right.end < 1.0 + _SLACK_SECONDS:
        reasons.add("MediaTooShort")
    return reasons


def _described(recording: Recording, right: Presented) -> Iterator[str]:
    """Compare what ffmpeg shows with the description, so that both being wrong in the same way is noticed."""
    if recording.damage or recording.edits:
        return
    screen = recording.pictures[recording.screen]
    times = screen.pace.times(screen.seconds)
    tracks = [*(one.begins for one in recording.pictures), *(one.begins for one in recording.sounds)]
    for second, shown in enumerate(right.pictures):
        number = max(bisect_right(times, second + min(tracks) - screen.begins + 1e-6) - 1, 0)
        # Sound may begin some milliseconds before its first sample, and then all pictures are as much later.
        if shown is None or shown.number not in {max(number - 1, 0), number, number + 1}:
            yield f"ffmpeg shows {shown} at second {second} instead of picture {number}"


def _losses(recording: Recording, slim: Slim) -> Iterator[str]:
    if slim.losses and recording.damage is None:
        yield f"told as lost: {[loss.detail for loss in slim.losses]}"
    missing = _seconds(recording) - len(slim.pictures)
    if recording.damage and not slim.losses and missing > _UNTOLD_SECONDS and recording.container not in _UNMARKED:
        yield f"{missing:.1f} s are missing, and nobody is told"
    unreadable = sum(seen is None for seen in slim.pictures)
    noticed = recording.damage is not None and recording.container not in _UNNOTICED
    if noticed and not slim.losses and unreadable > len(slim.pictures) * _UNTOLD_SHARE:
        yield f"{unreadable} of {len(slim.pictures)} pictures cannot be read, and nobody is told"


def _seconds(recording: Recording) -> float:
    """Return how long a recording is before it is damaged."""
    if recording.edits:
        return sum(end - begin for begin, end in recording.edits)
    pictures = [one.begins + one.pace.times(one.seconds)[-1] for one in recording.pictures]
    ends = [*pictures, *(one.begins + one.seconds for one in recording.sounds)]
    return max(ends) - min([*(one.begins for one in recording.pictures), *(one.begins for one in recording.sounds)])


def _length(recording: Recording, right: Presented, slim: Slim) -> Iterator[str]:
    if recording.damage:
        return
    # Second k is shown if something is there at second k. Sound that ends less than a second after the picture may
    # end without a picture of its own.
    video_end = right.last_begins if recording.container in _UNMARKED else right.video_end
    least = max(math.ceil(video_end - _SLACK_SECONDS), math.floor(right.sound_end - _SLACK_SECONDS))
    most = math.ceil(right.end + _SLACK_SECONDS)
    if not least <= len(slim.pictures) <= most:
        ends = f"the picture ends at {right.video_end:.2f} s, the sound at {right.sound_end:.2f} s"
        yield f"{len(slim.pictures)} pictures instead of {least} to {most}: {ends}"


def _pictures(recording: Recording, right: Presented, slim: Slim) -> Iterator[str]:
    turns = Counter(picture.turns for picture in right.pictures if picture is not None).most_common(1)
    for second, (shown, wanted) in enumerate(zip(slim.pictures, right.pictures, strict=False)):
        if recording.damage and wanted is not None and (wanted.turns, wanted.track) != (turns[0][0], recording.screen):
            # Noise that looks like a picture.
            continue
        if wanted is not None and shown != wanted and shown not in right.soon[second]:
            since = right.begins[second]
            yield f"second {second} shows {shown} instead of {wanted}, which is there since {since:.3f} s"


def _size(recording: Recording, slim: Slim) -> Iterator[str]:
    screen = recording.pictures[recording.screen]
    sizes = {screen.size}
    if screen.grows:
        sizes.add(screen.grows[1])
        if screen.grows[0] <= screen.seconds / 2:
            sizes.remove(screen.size)
    wanted = sizes if screen.rotation % 180 == 0 else {size[::-1] for size in sizes}
    if slim.size not in wanted:
        yield f"the picture is {slim.size} instead of {sorted(wanted)}"


def _sound(recording: Recording, right: Presented, slim: Slim) -> Iterator[str]:
    audible = any(right.sound)
    if audible and not slim.has_sound and not slim.losses:
        yield "the sound is lost"
        return
    if slim.has_sound and not recording.sounds:
        yield "there is sound where there was none"
    if audible and slim.sound_seconds < right.sound_end - 3 * _SLACK_SECONDS and not recording.damage:
        yield f"{slim.sound_seconds:.2f} s of sound instead of {right.sound_end:.2f} s"
    if recording.damage:
        return
    for place in range(max(len(right.sound), len(slim.sound))):
        wanted, got = _at(right.sound, place), _at(slim.sound, place)
        # Where the sound of a track begins or ends, milliseconds decide what there is of it within this half second.
        within = _tracks(right.sound, place + 1) & (
            _tracks(right.sound, place - 1) if place else _tracks(right.sound, 0)
        )
        missing = {tone for tone, share in wanted.items() if share > _CLEARLY and tone[0] in within} - got.keys()
        # Where sound ends within a half second, hundredths of a second decide. Sound at a wrong time is missing there.
        nearby = {tone for at in (place - 1, place, place + 1) for tone in _at(right.sound, at)}
        added = {tone for tone, share in got.items() if share > _CLEARLY} - nearby
        if missing or added:
            at = (place + 0.5) / WINDOWS_PER_SECOND
            yield f"at {at} s: tones {sorted(missing)} are missing, {sorted(added)} are too many"


def _tracks(sound: Sound, place: int) -> set[int]:
    return {track for track, _ in _at(sound, place)}


def _at(sound: Sound, place: int) -> dict[tuple[int, int], float]:
    return {tone: share for tone, share in sound[place].items() if share > _BARELY} if 0 <= place < len(sound) else {}
