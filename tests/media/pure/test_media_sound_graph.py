"""The filter graphs of the sound."""

import re
from itertools import pairwise

import pytest

from runops_worker.media.recording.edits import Edit
from runops_worker.media.recording.recording import SoundTrack
from runops_worker.media.recording.timeline import Hole
from runops_worker.media.transcode.sound_graph import sound_options

ON_TIME = "aresample=16000:async=1:min_hard_comp=0.04:first_pts=0"
TRACKS = ((0,), (3,), (0, 2), (0, 1, 2, 5))


def graphs(*places: int, seconds: float = 60.0, changes: bool = False) -> list[str]:
    sounds = [SoundTrack(place=place, codec="aac") for place in places]
    options = sound_options(sounds, seconds=seconds, changes=changes)
    return [value for option, value in pairwise(options) if option == "-filter_complex"]


def test_without_sound_there_are_no_options() -> None:
    assert sound_options([], seconds=60.0, changes=True) == []


@pytest.mark.parametrize("places", TRACKS)
def test_usual_recordings_have_one_graph(places: tuple[int, ...]) -> None:
    (graph,) = graphs(*places)
    assert [graph.count(f"[0:a:{place}]") for place in places] == [1] * len(places)
    assert graph.count("first_pts=0") == len(places)


@pytest.mark.parametrize("places", TRACKS)
def test_where_the_sound_changes_each_track_has_a_graph_and_all_share_one_that_is_never_built_anew(
    places: tuple[int, ...],
) -> None:
    *tracks, mix = graphs(*places, changes=True)
    assert [track.split("]")[0] for track in tracks] == [f"[0:a:{place}" for place in places]
    assert [track.split("[")[-1] for track in tracks] == [f"track{n}]" for n in range(len(places))]
    assert all("first_pts" not in track for track in tracks), "a second one would begin at 0 again"
    assert mix.count("first_pts=0") == len(places)


def test_channels_are_added_by_number_up_to_sixty_four() -> None:
    (graph,) = graphs(0)
    even, odd = graph.split("pan=stereo|")[1].split(",")[0].split("|")
    loud = ("1.00", "0.93", "0.86", "0.79", "0.72", "0.65", "0.58", "0.51") * 4
    assert even == "c0=" + "+".join(f"{much}*c{2 * place}" for place, much in enumerate(loud))
    assert odd == "c1=" + "+".join(f"{much}*c{2 * place + 1}" for place, much in enumerate(loud))


def test_tracks_are_added_up_as_loud_as_they_are_and_then_limited() -> None:
    assert "[level0][level1][level2]amix=inputs=3:normalize=0,alimiter=limit=0.8" in graphs(0, 1, 2)[0]
    assert "alimiter" not in graphs(0)[0]


@pytest.mark.parametrize("changes", [False, True])
@pytest.mark.parametrize("places", TRACKS)
def test_the_sound_is_as_long_as_the_recording(places: tuple[int, ...], changes: bool) -> None:
    every = graphs(*places, seconds=12.5, changes=changes)
    # ffmpeg leaves up to 4.25 s of what it was given in the last of several graphs.
    assert "".join(every).count("apad=whole_dur=17.500") == len(places)
    assert every[-1].endswith("atrim=end=12.500[sound]")


def test_the_slim_sound_is_small_and_mono() -> None:
    options = sound_options([SoundTrack(place=0, codec="aac")], seconds=1.0, changes=False)
    assert " ".join(options[-12:]) == "-map [sound] -c:a aac -aac_coder fast -ac 1 -ar 16000 -b:a 32k"


def test_a_long_pause_is_filled_with_silence_that_no_filter_keeps() -> None:
    paused = SoundTrack(place=0, codec="aac", pauses=(Hole(0.0, 700.0), Hole(800.0, 6000.0)))
    options = sound_options([paused, SoundTrack(place=1, codec="aac")], seconds=6100.0, changes=False)
    graph = options[1]
    assert [part.split("[")[0] for part in graph.split("asetpts=")[1:]] == [
        f"PTS-0.000/TB,{ON_TIME},apad=whole_dur=699.500,atrim=end=699.500",
        f"PTS-699.500/TB,{ON_TIME},apad=whole_dur=5300.000,atrim=end=5300.000",
        f"PTS-5999.500/TB,{ON_TIME}",
    ]
    assert "atrim=start=699.500:end=5999.500" in graph
    assert graph.count("concat=n=3:v=0:a=1") == 1
    assert graph.count("asplit") == 1


@pytest.mark.parametrize("changes", [False, True])
def test_parts_of_the_media_are_heard_one_after_the_other(changes: bool) -> None:
    edits = (Edit(700.0, 704.0), Edit(2.0, 1303.0))
    track = SoundTrack(place=0, codec="aac", pauses=(Hole(3.0, 700.0), Hole(703.0, 1303.5)), edits=edits)
    options = sound_options([track], seconds=1305.5, changes=changes)
    every = "".join(option for option in options if "[" in option)
    assert re.findall(r"atrim=start=(\S+?),", every) == [
        "700.000:end=704.000",
        # The pause of ten minutes within this part.
        "2.000:end=699.500",
        "699.500:end=1303.000",
    ]
    assert every.count("apad=whole_dur=1308.000") == 1, "each part is there when it is read"
    assert every.endswith("apad=whole_dur=1305.500,atrim=end=1305.500[sound][sound]")
