"""Read a recording once with ffmpeg: what it is, how long it really is, and whether it is refused.

ffmpeg demuxes the file and decodes only what it needs to find the streams, which takes about 2 % of the time of a
transcode. It prints the time of every packet, because a header's claims may be incomplete or wrong.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from runops_worker.media.codecs import AUDIO_CODECS
from runops_worker.media.containers import CONTAINERS
from runops_worker.media.errors import MediaRejected, MediaToolFailed
from runops_worker.media.limits import Limits
from runops_worker.media.probe.cut_off import cut_off, second_recording, unreadable_parts
from runops_worker.media.probe.edit_list import edits_of, read_index
from runops_worker.media.probe.edited import Edits, edits_by_place, followed, may_lose_content, presented
from runops_worker.media.probe.file_end import TAIL_BYTES, has_end
from runops_worker.media.probe.header_claim import header_claim
from runops_worker.media.probe.input_summary import InputSummary, VideoHeader
from runops_worker.media.probe.magic import HEAD_BYTES, demuxer_for
from runops_worker.media.probe.packets import ALL_TRACKS, PACKET_LIST, PacketReport
from runops_worker.media.probe.parts import pieces_follow
from runops_worker.media.probe.refusal import header_refusal, refusal
from runops_worker.media.probe.screen import screen_place
from runops_worker.media.recording.edits import Neighbours
from runops_worker.media.recording.recording import Recording, SoundTrack
from runops_worker.media.recording.screen_track import screen_track
from runops_worker.media.recording.shown_size import shown_size
from runops_worker.media.recording.sound_losses import left_out
from runops_worker.media.recording.timeline import long_pauses
from runops_worker.media.sandbox.ffmpeg import hardened
from runops_worker.media.sandbox.run_tool import Allowance, Outcome, Reach, run_tool
from runops_worker.media.wording import bytes_text

__all__ = ["OnScreen", "probe", "probe_header"]

_MEGABYTE: Final = 1024**2


OnScreen = Callable[[str, int, str], None]
"""Hears ffmpeg's names of the demuxer, of the screen's track (`0:V:PLACE`) and of its codec."""


def _ignore(_demuxer: str, _place: int, _codec: str) -> None:
    pass


async def probe(path: Path, *, limits: Limits, on_screen: OnScreen = _ignore, parts: Path | None = None) -> Recording:
    """Read a recording once and accept or refuse it.

    Parameters
    ----------
    path
        The file.
    limits
        What is accepted.
    on_screen
        Called once, as soon as the headers of the tracks are read. By the packets it may be another track after all.
    parts
        As in `Recording`.

    Returns
    -------
    Recording
        If the recording is accepted.

    Raises
    ------
    MediaRejected
        With any of its reasons.
    MediaToolFailed
        ffmpeg ran out of time or memory, or was not found.
    OSError
        The file cannot be read.
    """
    size = path.stat().st_size  # noqa: ASYNC240 - local disk
    with path.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
        stream.seek(max(size - TAIL_BYTES, 0))
        tail = stream.read(TAIL_BYTES)
    demuxer = demuxer_for(head)
    if size > limits.max_bytes:
        raise MediaRejected(
            "MediaTooLarge",
            f"The recording is {bytes_text(size)} large; the limit is {bytes_text(limits.max_bytes)}.",
        )
    summary, packets, announced = InputSummary(), PacketReport(), False

    def take(line: str) -> None:
        nonlocal announced
        if not announced and not line.startswith("#") and packets.videos:
            announced = True
            place = screen_track(packets.videos)
            on_screen(demuxer, place, packets.videos[place].codec)
        packets.take(line)

    try:
        outcome = await _read(path, demuxer, size, summary, take, limits=limits, parts=parts)
    except MediaToolFailed as failed:
        if not failed.out_of_memory:
            raise
        # Nothing is decoded here and the limit is the same on every machine, so another attempt would fail as well.
        megabytes = limits.max_memory_bytes // _MEGABYTE
        raise MediaRejected(
            "MediaCorrupt",
            f"The recording cannot be opened: its structure asks for more than {megabytes} MiB of memory.",
        ) from failed
    # ISO/IEC 14496-12, 8.8.1: the box `mvex` says that fragments may follow.
    summary.is_in_pieces = b"mvex" in head
    claim = header_claim(head, demuxer)
    if claim.size > size:
        summary.ends_early, summary.claimed_seconds = True, claim.seconds
    elif not await asyncio.to_thread(_goes_to_its_end, path, size, tail, demuxer, is_in_pieces=summary.is_in_pieces):
        summary.ends_early, summary.claimed_seconds = True, None
    edits, place = None, 0
    if demuxer == "mov" and parts is None and not summary.ends_early:
        edits = await asyncio.to_thread(_listed_edits, path, packets)
    if edits is not None:
        media = PacketReport()
        near = [Neighbours(listed) for listed in edits.videos]
        outcome_of_media = await _read(
            path, demuxer, size, InputSummary(), _both(media, near), limits=limits, ignore_edits=True
        )
        place = screen_place(media, summary)
        is_short = media.duration <= limits.max_duration_seconds
        if outcome_of_media.returncode == 0 and is_short and followed(edits, packets, media, near, screen=place):
            packets = presented(edits, media)
        else:
            edits = None
    refused = refusal(outcome, summary, packets, limits)
    if refused is not None:
        raise refused
    recording = _describe(demuxer, summary, packets, parts=parts)
    return recording if edits is None else _with_edits(recording, edits)


def _listed_edits(path: Path, packets: PacketReport) -> Edits | None:
    with path.open("rb") as file:
        edits = edits_by_place(edits_of(read_index(file)), packets)
    return edits if edits is not None and may_lose_content(edits, packets) else None


def _both(media: PacketReport, near: Sequence[Neighbours]) -> Callable[[str], None]:
    """Return what takes the lines of the packets, and tells those with pictures to the neighbours of their track."""

    def take(line: str) -> None:
        media.take(line)
        fields = line.split(",", 3)
        if len(fields) > 3 and fields[0].isdigit() and int(fields[0]) < len(near):
            near[int(fields[0])].take(int(fields[2]) * media.tracks[int(fields[0])].time_base)

    return take


def _with_edits(recording: Recording, edits: Edits) -> Recording:
    sounds = tuple(replace(sound, edits=edits.sounds[sound.place]) for sound in recording.sounds)
    return replace(recording, edits=edits.videos[recording.screen], sounds=sounds)


async def probe_header(path: Path, demuxer: str, size: int, *, limits: Limits) -> MediaRejected | None:
    """Read the header of a file that is still being downloaded.

    Parameters
    ----------
    path
        The file.
    demuxer
        `mov` or `matroska`, from the file's first bytes.
    size
        How many bytes are present. The header must be among them.
    limits
        What is accepted.

    Returns
    -------
    MediaRejected or None
        Why the file will be refused whatever follows; None if only the whole file can tell.

    Raises
    ------
    MediaToolFailed, SandboxUnavailable
        ffmpeg ran out of time or memory, was not found or could not be confined.
    """
    summary, packets = InputSummary(), PacketReport()
    outcome = await _read(path, demuxer, size, summary, packets.take, limits=limits, first_only=True)
    return header_refusal(outcome, summary, packets, limits, demuxer=demuxer)


async def _read(
    path: Path,
    demuxer: str,
    size: int,
    summary: InputSummary,
    on_stdout: Callable[[str], None],
    *,
    limits: Limits,
    first_only: bool = False,
    ignore_edits: bool = False,
    parts: Path | None = None,
) -> Outcome:
    # Copied times show what an edit list or a late start is. Where the clock may jump, they are read as in a transcode.
    times = () if CONTAINERS[demuxer].times_may_jump else ("-copyts",)
    times = (*times, *(("-ignore_editlist", "1") if ignore_edits else ()))
    return await run_tool(
        [
            *hardened(path, demuxer=demuxer, max_pixels=limits.max_pixels, input_options=times, parts=parts),
            *ALL_TRACKS,
            *(("-frames:v", "1", "-frames:a", "1") if first_only else ()),
            *PACKET_LIST,
        ],
        allowance=Allowance(
            seconds=limits.probe_deadline(size),
            memory_bytes=limits.max_memory_bytes,
            file_bytes=_MEGABYTE,
            require_landlock=limits.require_landlock,
        ),
        reach=Reach(reads=(path,) if parts is None else (path, parts)),
        on_stdout=on_stdout,
        on_stderr=summary.take,
    )


def _goes_to_its_end(path: Path, size: int, tail: bytes, demuxer: str, *, is_in_pieces: bool) -> bool:
    if not is_in_pieces:
        return has_end(tail, demuxer)
    with path.open("rb") as stream:
        return pieces_follow(stream, size)


def _describe(demuxer: str, summary: InputSummary, packets: PacketReport, *, parts: Path | None) -> Recording:
    place = screen_place(packets, summary)
    screen = packets.videos[place]
    tracks = [
        SoundTrack(
            place=number, codec=track.codec or "unknown", pauses=long_pauses(track.timeline, since=packets.start)
        )
        for number, track in enumerate(packets.sounds)
        if track.packets
    ]
    sounds = [track for track in tracks if track.codec in AUDIO_CODECS]
    unread = [track for track in tracks if track.codec not in AUDIO_CODECS]
    ends = [screen.end, *(packets.sounds[sound.place].end for sound in sounds)]
    # Of several recordings in one file, each has an end of its own, see `joined`.
    cut = cut_off(summary, packets) if parts is None else None
    header = summary.videos[place] if place < len(summary.videos) else VideoHeader()
    width, height = shown_size(screen.width, screen.height, screen.sar)
    turns = round(header.rotation / 90) % 4
    if turns % 2:
        width, height = height, width
    return Recording(
        container=demuxer,
        duration_seconds=max(ends) - packets.start,
        video_seconds=screen.end - packets.start,
        last_picture_has_no_length=screen.last_has_no_length or CONTAINERS[demuxer].has_no_header,
        screen=place,
        width=width,
        height=height,
        video_codec=screen.codec,
        sounds=tuple(sounds),
        quarter_turns=turns,
        picture=header.picture,
        has_broken_pictures=screen.broken > screen.last_is_broken,
        broken_parts=tuple(
            (begin - packets.start, end - packets.start) for begin, end in screen.parts_broken_until(screen.end)
        ),
        losses=(
            *(() if cut is None else (cut.loss,)),
            *second_recording(summary, packets),
            *unreadable_parts(summary, packets),
            *left_out(unread, heard=bool(sounds), why="has a codec that cannot be read"),
        ),
        parts=parts,
    )
