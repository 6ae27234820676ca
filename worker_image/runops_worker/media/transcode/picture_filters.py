"""The filters that make the pictures of a slim video from those of the recording. Pure."""

from dataclasses import dataclass
from typing import Final

from runops_worker.media.recording.edits import shown_from
from runops_worker.media.recording.picture_format import PictureFormat
from runops_worker.media.recording.recording import Recording
from runops_worker.media.transcode.picture_size import PRINT_SIZES
from runops_worker.media.transcode.slim_length import expected_frames, shown_frames
from runops_worker.media.transcode.white_level import REFERENCE_WHITE_NITS

__all__ = ["PicturePlan", "picture_filters"]


# The scaler passes pictures of the right size on as they are. Where the size changes, the deinterlacer would read lines
# that a smaller picture does not have.
_DEINTERLACE: Final = "bwdif=mode=send_frame:deint=interlaced"
# A picture may begin after the last regular place, and the fps filter passes such a picture on only if it rounds down.
# So all times are moved by one place less one unit: rounding those down gives the same as rounding the original times
# up. Whether the last picture then fills one place more depends on whether the decoder tells how long it is.
_HELD: Final = "setpts=PTS+ceil(1/(TB*{fps}))-1,fps=fps={fps}:start_time={start}:round=down:eof_action=pass"
_TURNS: Final = ((), ("transpose=cclock",), ("hflip", "vflip"), ("transpose=clock",))


@dataclass(frozen=True, kw_only=True)
class PicturePlan:
    """What a run of ffmpeg makes of the pictures.

    Attributes
    ----------
    frame
        Width and height of the slim video. Each picture is fitted into it.
    white_nits
        What is white in an HDR recording. What is brighter becomes white too.
    turns_last
        Whether a picture is turned after it is fitted, and not by ffmpeg at once. ffmpeg's turning is more exact (the
        file may mirror pictures, too), but makes garbage of pictures after a change of size.
    """

    frame: tuple[int, int]
    white_nits: float = REFERENCE_WHITE_NITS
    turns_last: bool = False


def picture_filters(recording: Recording, plan: PicturePlan, *, fps: int) -> str:
    """Return ffmpeg's filters for the pictures.

    Parameters
    ----------
    recording
        The result of `probe`.
    plan
        What to make of the pictures.
    fps
        Pictures per second.
    """
    turns = recording.quarter_turns if plan.turns_last else 0
    wide, high = reversed(plan.frame) if turns % 2 else plan.frame
    picture = recording.picture
    scaled = ["force_original_aspect_ratio=decrease", "force_divisible_by=2", "reset_sar=1"]
    if picture.full_range and not picture.is_wide_gamut:
        scaled.append("out_range=tv")
    if picture.is_rgb:
        scaled.append("out_color_matrix=bt709")
    filters = [
        # Before most pictures are left out: it needs those before and after.
        *(_deinterlace(recording) if picture.interlaced else ()),
        *_one_per_second(recording, fps=fps),
        PRINT_SIZES,
        # The size may change within a recording (a window was resized). All pictures go into the same frame.
        f"scale={wide}:{high}:{':'.join(scaled)}",
        f"pad={wide}:{high}:(ow-iw)/2:(oh-ih)/2:eval=frame",
        *(_usual_colours(picture, white_nits=plan.white_nits) if picture.is_wide_gamut else ()),
        *_TURNS[turns],
        "format=yuv420p",
    ]
    return ",".join(filters)


def _deinterlace(recording: Recording) -> tuple[str, ...]:
    # In a picture that was turned, the lines of a moment are columns.
    if recording.quarter_turns % 2:
        return ()
    return f"scale={recording.width}:{recording.height}:interl=-1", _DEINTERLACE


def _usual_colours(picture: PictureFormat, *, white_nits: float) -> list[str]:
    # A later picture may have other colours, or not name them, which would end the run. So all get the same names.
    transfer = picture.transfer if picture.is_hdr else "bt2020-10"
    colour_range = "pc" if picture.full_range else "tv"
    named = f"setparams=range={colour_range}:color_primaries=bt2020:color_trc={transfer}:colorspace=bt2020nc"
    usual = "zscale=p=709:m=709:t=709:r=tv"
    if not picture.is_hdr:
        return ["format=yuv420p10le", named, usual]
    return [
        *("format=yuv420p10le", named, f"zscale=t=linear:npl={white_nits:g}", "format=gbrpf32le"),
        *("zscale=p=709", "tonemap=clip:desat=0", usual),
    ]


def _one_per_second(recording: Recording, *, fps: int) -> list[str]:
    frames = expected_frames(recording, fps=fps)
    if recording.edits:
        return [_of_edits(recording, fps=fps), f"tpad=stop_mode=clone:stop={frames}", f"trim=end_frame={frames}"]
    hold = frames - shown_frames(recording, fps=fps)
    if hold <= 0:
        # ffmpeg makes a last picture of unknown length as long as the one before, which may be minutes.
        end = (f"trim=end_frame={frames}",) if recording.last_picture_has_no_length else ()
        return [f"fps=fps={fps}:start_time=0:round=up", *end]
    # The video ends before the sound, so its last picture is repeated until the sound ends.
    return [
        _HELD.format(fps=fps, start=0),
        f"tpad=stop_mode=clone:stop={hold}",
        f"trim=end_frame={frames}",
    ]


def _of_edits(recording: Recording, *, fps: int) -> str:
    """Return the filters that show one part of the media after the other."""
    parts = []
    for number, (start, frames) in enumerate(shown_from(recording.edits, fps=fps)):
        parts.append(
            f"[edit{number}]{_HELD.format(fps=fps, start=f'{start:.6f}')},tpad=stop_mode=clone:stop={frames},"
            f"trim=end_frame={frames},setpts=N/({fps}*TB)[part{number}]"
        )
    split = "".join(f"[edit{number}]" for number in range(len(parts)))
    joined = "".join(f"[part{number}]" for number in range(len(parts)))
    return f"split={len(parts)}{split};{';'.join(parts)};{joined}concat=n={len(parts)}"
