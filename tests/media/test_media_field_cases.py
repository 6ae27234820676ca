"""Situations that people have met with recordings, each with what must come of it.

Each group is named after its kind. Pictures carry their number and tones their second, so a test says exactly what is
shown and heard.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest

from runops_worker.media.recording.loss import LossKind
from tests.media.recordings.description import Damage, Edit, Pace, PictureTrack, Recording, Size, SoundTrack
from tests.media.recordings.make import make
from tests.media.recordings.second_tones import TOLD_RATE, told
from tests.media.recordings.slim import Refused, Slim, slimmed
from tests.media.recordings.spoiling import edited
from tests.media.recordings.tool import run_ffmpeg
from tests.media.recordings.tried import try_one

pytestmark = pytest.mark.slow("ffmpeg makes, slims and decodes each recording")

SOUND: Final = SoundTrack(seconds=8.0)
SCREEN: Final = PictureTrack(seconds=8.0, pace=Pace(rate=10))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    own = tmp_path / "own"
    own.mkdir()
    return own


async def worked_on(path: Path) -> Slim:
    result = await slimmed(path)
    assert isinstance(result, Slim), result
    return result


async def refused(path: Path) -> Refused:
    result = await slimmed(path)
    assert isinstance(result, Refused), "it was worked on"
    return result


async def agreed(recording: Recording, folder: Path) -> Slim:
    """Slim a recording, and require that nothing differs from what a player shows and plays."""
    tried = await try_one(recording, folder)
    assert tried.wrong == []
    assert isinstance(tried.result, Slim), tried.result
    return tried.result


def numbers(slim: Slim) -> list[int | None]:
    return [None if picture is None else picture.number for picture in slim.pictures]


def seconds_heard(slim: Slim, track: int = 0) -> list[int | None]:
    """Return which second of a track is clearly heard in each half second."""
    loudest = [
        max(((share, tone) for (of, tone), share in tones.items() if of == track), default=(0.0, 0))
        for tones in slim.sound
    ]
    return [tone if share > 0.1 else None for share, tone in loudest]


def twice(seconds: Sequence[int | None]) -> list[int | None]:
    """Return half seconds."""
    return [second for second in seconds for _ in range(2)]


class TestTrimmedWithoutNewEncoding:
    """An editor saves a trim as an edit list and keeps all samples."""

    @pytest.mark.parametrize(
        "coded", [("h264", 10, 2), ("h264", 75, 3), ("h264", 999, 3), ("hevc", 40, 3), ("mpeg4", 30, 1)]
    )
    @pytest.mark.parametrize(
        ("edit", "shown"),
        [((0.0, 3.4), [0, 10, 20, 30]), ((4.5, 8.0), [45, 55, 65, 75]), ((2.3, 5.6), [23, 33, 43, 53])],
    )
    async def test_the_slim_video_shows_what_is_left(
        self, coded: tuple[str, int, int], edit: Edit, shown: list[int], folder: Path
    ) -> None:
        codec, group, b_frames = coded
        screen = PictureTrack(codec=codec, seconds=8.0, pace=Pace(rate=10), group=group, b_frames=b_frames)
        slim = await agreed(Recording(pictures=(screen,), edits=(edit,)), folder)
        assert numbers(slim) == shown

    @pytest.mark.parametrize(("codec", "group"), [("h264", 40), ("h264", 999), ("mpeg4", 10)])
    @pytest.mark.parametrize(
        ("edits", "shown"),
        [
            ([(1.1, 3.1), (5.5, 7.5)], [11, 21, 55, 65]),
            # Moved behind, as an editor does with a part that was cut out and put in at the end.
            ([(4.0, 6.0), (1.0, 3.0)], [40, 50, 10, 20]),
        ],
    )
    async def test_a_part_in_the_middle_may_be_cut_out_or_moved(
        self, codec: str, group: int, edits: list[Edit], shown: list[int], folder: Path
    ) -> None:
        # With B-frames, ffmpeg begins a later part some pictures too early or too late.
        screen = PictureTrack(codec=codec, seconds=8.0, pace=Pace(rate=10), group=group)
        slim = await agreed(Recording(pictures=(screen,), edits=tuple(edits)), folder)
        assert numbers(slim) == shown

    @pytest.mark.parametrize(("codec", "b_frames"), [("h264", 0), ("h264", 2), ("hevc", 1), ("vp9", 0)])
    @pytest.mark.parametrize(
        ("edits", "shown"),
        [
            ([(0.0, 1.2)], [0, 0]),
            ([(1.0, 2.2)], [0, 0]),
            ([(4.1, 9.5)], [1, 1, 2, 2, 2, 3]),
            ([(4.1, 6.1), (10.0, 12.0)], [1, 1, 3, 3]),
            ([(10.0, 12.0), (4.1, 6.1)], [3, 3, 1, 1]),
        ],
    )
    async def test_an_edit_begins_with_the_picture_that_is_there(
        self, codec: str, b_frames: int, edits: list[Edit], shown: list[int], folder: Path
    ) -> None:
        """ffmpeg leaves out a picture that begins before its edit, here by seconds."""
        screen = PictureTrack(
            codec=codec, seconds=14.0, pace=Pace("sparse", 30, 2.9), b_frames=b_frames, open_groups=False
        )
        sound = SoundTrack(seconds=14.0)
        slim = await agreed(Recording(pictures=(screen,), sounds=(sound,), edits=tuple(edits)), folder)
        assert numbers(slim) == shown

    async def test_of_several_parts_no_sound_is_left_out(self, folder: Path) -> None:
        sound = SoundTrack(codec="alac", seconds=8.0)
        recording = Recording(pictures=(SCREEN,), sounds=(sound,), edits=((1.0, 3.0), (5.0, 7.0)))
        slim = await agreed(recording, folder)
        assert seconds_heard(slim)[:8] == twice([1, 2, 5, 6])

    async def test_sound_is_trimmed_with_the_picture(self, folder: Path) -> None:
        recording = Recording(container="mov", pictures=(SCREEN,), sounds=(SOUND,), edits=((2.0, 6.0),))
        slim = await agreed(recording, folder)
        assert seconds_heard(slim)[:8] == twice([2, 3, 4, 5])

    async def test_a_long_recording_of_which_little_is_left_is_not_too_long(self, folder: Path) -> None:
        source = folder / "recording.mp4"
        run_ffmpeg(
            *("-f", "lavfi", "-i", "color=size=32x32:rate=1", "-t", "7900", "-c:v", "libx264"),
            *("-preset", "ultrafast", "-g", "99999", "-f", "mp4", str(source)),
        )
        source.write_bytes(edited(source.read_bytes(), [(30.0, 42.0)]))
        assert len((await worked_on(source)).pictures) == 12


class TestHeaderThatClaimsMore:
    """Web apps write the time by the clock into the header, with the pauses."""

    @pytest.mark.parametrize(
        ("container", "codec", "claims"),
        [("webm", "vp8", 10.0), ("webm", "vp9", 1500.0), ("matroska", "h264", 1.5), ("mp4", "h264", 10.0)],
    )
    async def test_all_of_it_is_worked_on(self, container: str, codec: str, claims: float, folder: Path) -> None:
        screen = PictureTrack(codec=codec, seconds=8.0, pace=Pace(rate=10))
        sound = SoundTrack(codec="libopus", seconds=8.0)
        recording = Recording(container=container, pictures=(screen,), sounds=(sound,), claims=claims)
        slim = await agreed(recording, folder)
        assert (len(slim.pictures), slim.losses) == (8, ())

    async def test_without_sound_too(self, folder: Path) -> None:
        screen = PictureTrack(codec="vp8", seconds=6.0, pace=Pace(rate=10))
        slim = await agreed(Recording(container="webm", pictures=(screen,), claims=3.0), folder)
        assert len(slim.pictures) == 6

    async def test_a_file_that_is_really_cut_off_is_told_apart(self, folder: Path) -> None:
        damage = Damage("cut", 0.6)
        path = make(Recording(pictures=(SCREEN,), sounds=(SOUND,), index_first=True, damage=damage), folder)
        result = await slimmed(path)
        if isinstance(result, Refused):
            assert (result.reason, "cut off" in result.detail) == ("MediaCorrupt", True)
        else:
            assert LossKind.CUT_OFF in {loss.kind for loss in result.losses}


class TestSeveralSoundTracks:
    """Recorders put the computer's sound on one track and the voice on another."""

    SILENT: Final = SoundTrack(codec="aac", layout="stereo", channels=2, heard=(), seconds=8.0)

    @pytest.mark.parametrize("place", [0, 1, 2])
    @pytest.mark.parametrize("container", ["matroska", "mp4"])
    async def test_the_voice_is_heard_on_whichever_track_it_is(self, container: str, place: int, folder: Path) -> None:
        sounds = [self.SILENT] * 3
        sounds[place] = SOUND
        slim = await agreed(Recording(container=container, pictures=(SCREEN,), sounds=tuple(sounds)), folder)
        assert seconds_heard(slim, place)[:16] == twice(range(8))

    async def test_all_are_heard_together(self, folder: Path) -> None:
        stereo = SoundTrack(codec="libopus", layout="stereo", channels=2, heard=(0, 1), seconds=8.0)
        recording = Recording(container="matroska", pictures=(SCREEN,), sounds=(SOUND, stereo, SOUND))
        slim = await agreed(recording, folder)
        assert [seconds_heard(slim, track)[:16] for track in range(3)] == [twice(range(8))] * 3

    async def test_a_track_that_outlasts_the_picture_makes_no_recording_that_is_cut_off(self, folder: Path) -> None:
        sounds = SoundTrack(seconds=1.0), SoundTrack(seconds=14.0)
        slim = await agreed(Recording(container="mov", pictures=(SCREEN,), sounds=sounds), folder)
        assert numbers(slim) == [0, 10, 20, 30, 40, 50, 60, *[70] * 1, *[79] * 6]
        assert seconds_heard(slim, 1)[:28] == twice(range(14))


class TestPictureThatGrows:
    """A WebRTC stream begins small; a shared window is made larger."""

    @pytest.mark.parametrize(
        ("codec", "large"),
        [("vp8", (192, 144)), ("vp9", (256, 144)), ("h264", (192, 144)), ("h264", (96, 160)), ("vp8", (96, 160))],
    )
    async def test_the_slim_video_is_as_large_as_the_picture_becomes(
        self, codec: str, large: Size, folder: Path
    ) -> None:
        screen = PictureTrack(codec=codec, size=(64, 48), seconds=8.0, pace=Pace(rate=10), grows=(1.4, large))
        slim = await agreed(Recording(container="matroska", pictures=(screen,)), folder)
        assert slim.size == large
        assert numbers(slim) == list(range(0, 80, 10))

    async def test_a_window_that_is_made_smaller_keeps_its_size(self, folder: Path) -> None:
        screen = PictureTrack(codec="vp8", size=(192, 144), seconds=8.0, pace=Pace(rate=10), grows=(6.0, (64, 48)))
        slim = await agreed(Recording(container="webm", pictures=(screen,)), folder)
        assert slim.size == (192, 144)


class TestSoundThatChangesOnTheWay:
    """A headset is plugged in, and the rate or the channels are others from there on."""

    PARTS: Final = {
        "aac-mono-then-stereo": ("aac", "adts", (1, 48000), (2, 48000)),
        "aac-stereo-then-mono": ("aac", "adts", (2, 44100), (1, 44100)),
        "mp3-other-rate-and-mono": ("libmp3lame", "mp3", (2, 48000), (1, 44100)),
        "mp3-lower-rate": ("libmp3lame", "mp3", (1, 44100), (1, 32000)),
    }

    @pytest.mark.parametrize("container", ["mp4", "matroska"])
    @pytest.mark.parametrize("name", PARTS)
    async def test_all_of_it_is_heard(self, name: str, container: str, folder: Path) -> None:
        codec, form, *parts = self.PARTS[name]
        samples = told(0, seconds=8.0, level=6.0)
        joined = b""
        for number, (channels, rate) in enumerate(parts):
            raw, coded = folder / "part.raw", folder / f"part{number}"
            raw.write_bytes(samples[number * 4 * TOLD_RATE : (number + 1) * 4 * TOLD_RATE].tobytes())
            bare = ("-write_xing", "0", "-id3v2_version", "0") if form == "mp3" else ()
            run_ffmpeg(
                *("-f", "s16le", "-ar", str(TOLD_RATE), "-ch_layout", "mono", "-i", str(raw)),
                *("-ac", str(channels), "-ar", str(rate), "-c:a", codec, *bare, "-f", form, str(coded)),
            )
            joined += coded.read_bytes()
        both = folder / "both"
        both.write_bytes(joined)
        picture = make(Recording(pictures=(SCREEN,)), folder)
        source = folder / "joined.mp4"
        run_ffmpeg(
            *("-i", str(picture), "-f", "aac" if form == "adts" else form, "-i", str(both), "-map", "0", "-map", "1"),
            *("-c", "copy", "-f", container, str(source)),
        )
        slim = await worked_on(source)
        assert numbers(slim) == list(range(0, 80, 10))
        # A coder adds some hundredths of a second to each part.
        heard = seconds_heard(slim)[:16]
        assert [one for one, other in zip(heard, twice(range(8)), strict=True) if one != other] == []


class TestManyChannels:
    """Aggregate devices give any number of channels, and the microphone may be on any of them."""

    @pytest.mark.parametrize(
        ("container", "channels", "heard"),
        [
            *(("mov", 3, 2), ("mov", 4, 3), ("mov", 9, 0), ("mov", 18, 2), ("mov", 32, 31)),
            *(("matroska", 3, 2), ("matroska", 12, 11), ("matroska", 20, 19)),
        ],
    )
    async def test_each_is_heard(self, container: str, channels: int, heard: int, folder: Path) -> None:
        # Three channels are taken for two and a subwoofer; for many there is no layout.
        layout = f"{channels}c" if channels < 9 else f"{channels}C"
        sound = SoundTrack(codec="pcm_s16le", rate=16000, layout=layout, channels=channels, heard=(heard,), seconds=4.0)
        screen = PictureTrack(seconds=4.0, pace=Pace(rate=10))
        slim = await agreed(Recording(container=container, pictures=(screen,), sounds=(sound,)), folder)
        assert seconds_heard(slim)[:8] == twice(range(4))

    @pytest.mark.parametrize("codec", ["aac", "libopus", "flac"])
    async def test_a_channel_that_is_the_opposite_of_the_other_does_not_silence_it(
        self, codec: str, folder: Path
    ) -> None:
        sound = SoundTrack(codec=codec, layout="stereo", channels=2, heard=(0, 1), inverted=True, seconds=8.0)
        slim = await agreed(Recording(container="matroska", pictures=(SCREEN,), sounds=(sound,)), folder)
        assert seconds_heard(slim)[:16] == twice(range(8))


class TestGluedTogether:
    """An app that restarts its recorder uploads both parts as one file. More of them: `test_media_glued`."""

    @pytest.mark.parametrize("container", ["webm", "matroska"])
    @pytest.mark.parametrize("other", [2.0, 6.0])
    async def test_the_second_follows_the_first(self, container: str, other: float, tmp_path: Path) -> None:
        content = b""
        for name, seconds in (("first", 4.5), ("second", other)):
            screen = PictureTrack(codec="vp8", seconds=seconds, pace=Pace(rate=10))
            sound = SoundTrack(codec="libopus", seconds=seconds)
            (tmp_path / name).mkdir()
            part = make(Recording(container=container, pictures=(screen,), sounds=(sound,)), tmp_path / name)
            content += part.read_bytes()
        glued = tmp_path / "glued.mp4"
        glued.write_bytes(content)
        slim = await worked_on(glued)
        # Opus begins and ends with some samples that are not heard, so pictures come some milliseconds later.
        expected = [0, *range(9, 49, 10), *range(4, round(other * 10), 10)]
        assert numbers(slim)[: len(expected)] == expected


class TestSoundOfNoUse:
    """The steps are on the screen, also where the sound cannot be read."""

    @pytest.mark.parametrize(
        ("codec", "container"),
        [
            *(("ac3", "matroska"), ("eac3", "mp4"), ("pcm_mulaw", "mov"), ("pcm_alaw", "matroska")),
            *(("adpcm_ima_wav", "matroska"), ("mp2", "matroska"), ("ac3", "mp4")),
        ],
    )
    async def test_a_codec_that_is_rare_is_heard(self, codec: str, container: str, folder: Path) -> None:
        sound = SoundTrack(codec=codec, rate=48000, seconds=8.0)
        slim = await agreed(Recording(container=container, pictures=(SCREEN,), sounds=(sound,)), folder)
        assert seconds_heard(slim)[:16] == twice(range(8))

    async def test_a_phone_that_writes_narrow_speech_is_heard(self, folder: Path) -> None:
        picture = make(Recording(pictures=(SCREEN,)), folder)
        source = folder / "phone.mp4"
        run_ffmpeg(
            *("-i", str(picture), "-f", "lavfi", "-i", "sine=440:duration=8", "-map", "0", "-map", "1", "-c:v", "copy"),
            *("-c:a", "libopencore_amrnb", "-ar", "8000", "-ac", "1", "-f", "3gp", str(source)),
        )
        slim = await worked_on(source)
        assert numbers(slim) == list(range(0, 80, 10))
        assert slim.has_sound
        assert slim.losses == ()

    @pytest.mark.parametrize("codec", ["aac", "libopus"])
    async def test_sound_that_is_broken_costs_the_sound_alone(self, codec: str, folder: Path) -> None:
        whole = make(Recording(pictures=(SCREEN,), sounds=(SoundTrack(codec=codec, seconds=8.0),)), folder)
        source = folder / "broken.mp4"
        run_ffmpeg("-i", str(whole), "-c", "copy", "-bsf:a", "noise=amount=1", "-f", "mp4", str(source))
        slim = await worked_on(source)
        assert numbers(slim) == list(range(0, 80, 10))
        assert not any(slim.sound) or slim.losses
        assert slim.losses


class TestQuietMicrophone:
    async def test_it_is_heard(self, folder: Path) -> None:
        sound = SoundTrack(level=50.0, seconds=8.0)
        slim = await agreed(Recording(pictures=(SCREEN,), sounds=(sound,)), folder)
        assert slim.has_sound
        assert seconds_heard(slim)[:16] == twice(range(8))


class TestGapInTheSound:
    """Whoever takes the samples one after the other must hear each at its time."""

    @pytest.mark.parametrize(
        ("container", "codec", "sound"),
        [("webm", "vp8", "libopus"), ("matroska", "h264", "aac"), ("mp4", "h264", "aac")],
    )
    async def test_it_stays_silent_for_its_length(self, container: str, codec: str, sound: str, folder: Path) -> None:
        screen = PictureTrack(codec=codec, seconds=12.0, pace=Pace(rate=10))
        with_gap = SoundTrack(codec=sound, seconds=12.0, gap=(3.0, 7.0))
        slim = await agreed(Recording(container=container, pictures=(screen,), sounds=(with_gap,)), folder)
        assert seconds_heard(slim)[:24] == twice([0, 1, 2, None, None, None, None, *range(7, 12)])

    @pytest.mark.parametrize(
        ("container", "codec", "sound"),
        [("webm", "vp9", "libopus"), ("matroska", "h264", "libvorbis"), ("mov", "h264", "aac")],
    )
    async def test_a_late_beginning_stays_silent_too(
        self, container: str, codec: str, sound: str, folder: Path
    ) -> None:
        screen = PictureTrack(codec=codec, seconds=9.0, pace=Pace(rate=10))
        late = SoundTrack(codec=sound, seconds=5.0, begins=4.0)
        slim = await agreed(Recording(container=container, pictures=(screen,), sounds=(late,)), folder)
        assert seconds_heard(slim)[:18] == twice([None] * 4 + [*range(5)])


class TestTimesThatDoNotBeginAt0:
    """A part of a stream, or a file that was cut with its times kept."""

    @pytest.mark.parametrize("offset", [4.0, 10_800.0])
    @pytest.mark.parametrize(("container", "codec"), [("matroska", "h264"), ("webm", "vp9"), ("mp4", "hevc")])
    async def test_its_first_picture_is_second_0(self, container: str, codec: str, offset: float, folder: Path) -> None:
        screen = PictureTrack(codec=codec, seconds=8.0, pace=Pace(rate=10))
        sound = SoundTrack(codec="libopus", seconds=8.0)
        recording = Recording(container=container, pictures=(screen,), sounds=(sound,), offset=offset)
        slim = await agreed(recording, folder)
        # In an MP4, the sound that prepares the decoder comes some milliseconds before the first picture.
        late = 1 if container == "mp4" else 0
        assert numbers(slim) == [0, *(number - late for number in range(10, 80, 10))]

    async def test_times_that_were_kept_when_it_was_cut(self, folder: Path) -> None:
        screen = PictureTrack(seconds=12.0, pace=Pace(rate=10), group=20)
        whole = make(Recording(pictures=(screen,), sounds=(SoundTrack(seconds=12.0),)), folder)
        source = folder / "kept.mp4"
        run_ffmpeg("-ss", "4", "-i", str(whole), "-copyts", "-c", "copy", "-f", "matroska", str(source))
        slim = await worked_on(source)
        assert numbers(slim)[:8] == list(range(40, 120, 10))


class TestSubtitlesThatAreLonger:
    @pytest.mark.parametrize(("container", "codec"), [("matroska", "srt"), ("mp4", "mov_text"), ("webm", "webvtt")])
    async def test_they_make_no_recording_that_is_cut_off(self, container: str, codec: str, folder: Path) -> None:
        video = "vp8" if container == "webm" else "h264"
        whole = make(Recording(container=container, pictures=(PictureTrack(codec=video, seconds=6.0),)), folder)
        words = folder / "words.srt"
        words.write_text("1\n00:00:01,000 --> 00:01:40,000\nhello\n", "ascii")
        source = folder / "subtitled.mp4"
        run_ffmpeg(
            *("-i", str(whole), "-i", str(words), "-map", "0", "-map", "1", "-c:v", "copy", "-c:s", codec),
            *("-f", container, str(source)),
        )
        slim = await worked_on(source)
        assert (len(slim.pictures), slim.losses) == (6, ())


class TestStillTransportStream:
    """It does not say how long its last picture is."""

    @pytest.mark.parametrize("pace", [Pace("sparse", 30, 2.9), Pace("sparse", 30, 10.0), Pace("bursts", 25, 4.0)])
    @pytest.mark.parametrize("sounds", [(), (SoundTrack(seconds=21.0),)], ids=["silent", "with sound"])
    async def test_it_is_taken(self, pace: Pace, sounds: tuple[SoundTrack, ...], folder: Path) -> None:
        screen = PictureTrack(seconds=21.0, pace=pace)
        slim = await agreed(Recording(container="mpegts", pictures=(screen,), sounds=sounds), folder)
        assert slim.losses == ()


class TestIndexThatIsNoise:
    """The bytes that describe the tracks are wrong, so no track can be recognised."""

    @pytest.mark.parametrize("share", [0.3, 1.0])
    @pytest.mark.parametrize("index_first", [False, True])
    async def test_the_file_is_said_to_be_damaged(self, share: float, index_first: bool, folder: Path) -> None:
        path = make(Recording(pictures=(SCREEN,), index_first=index_first), folder)
        content = path.read_bytes()
        begin = content.index(b"moov") + 4
        size = int.from_bytes(content[begin - 8 : begin - 4]) - 8
        # Behind the header of the movie and the beginning of that of the track.
        begin += 0 if share == 1.0 else 140
        noise = bytes((place * 7919 + 13) % 251 for place in range(int(size * share)))
        path.write_bytes(content[:begin] + noise + content[begin + len(noise) :])
        result = await refused(path)
        assert (result.reason, "index is damaged" in result.detail) == ("MediaCorrupt", True)


class TestEncrypted:
    KEYS: Final = ("-encryption_key", "0f" * 16, "-encryption_kid", "a0" * 16)

    @pytest.mark.parametrize("codec", ["h264", "hevc"])
    @pytest.mark.parametrize("with_sound", [False, True])
    async def test_it_is_refused_by_name(self, codec: str, with_sound: bool, folder: Path) -> None:
        sounds = (SOUND,) if with_sound else ()
        screen = PictureTrack(codec=codec, seconds=8.0, pace=Pace(rate=10))
        whole = make(Recording(pictures=(screen,), sounds=sounds), folder)
        source = folder / "encrypted.mp4"
        run_ffmpeg("-i", str(whole), "-c", "copy", "-encryption_scheme", "cenc-aes-ctr", *self.KEYS, str(source))
        result = await refused(source)
        assert result.reason != "MediaToolFailed"
        assert "encrypted" in result.detail


class TestSentenceWithFigures:
    @pytest.mark.parametrize("pictures", [96, 97, 99])
    async def test_a_length_below_the_limit_is_not_told_as_the_limit(self, pictures: int, folder: Path) -> None:
        source = folder / "short.mp4"
        run_ffmpeg(
            *("-f", "lavfi", "-i", "color=rate=100:size=64x48", "-frames:v", str(pictures), "-c:v", "libx264"),
            *("-preset", "ultrafast", "-f", "mp4", str(source)),
        )
        result = await slimmed(source)
        if isinstance(result, Refused):
            assert result.reason == "MediaTooShort"
            assert " is 1 s long" not in result.detail
