"""When the picture is damaged, from what ffmpeg says while it decodes."""

from runops_worker.media.recording.loss import LossKind
from runops_worker.media.transcode.damage import DamageReport, damage_loss, joined, seconds_of

ERROR = "[vist#0:0/h264 @ 0x1] [dec:h264 @ 0x2] [warning] corrupt decoded frame"
REFUSED = "[vist#0:0/h264 @ 0x1] [dec:h264 @ 0x2] [error] Error submitting packet to decoder: Invalid data found"


def shown(time: float, *, key: bool = False) -> str:
    return (
        f"[Parsed_showinfo_0 @ 0x3] [info] n:   1 pts: 512 pts_time:{time} duration: 512 duration_time:0.1 fmt:yuv420p "
        f"s:320x240 i:P iskey:{int(key)} type:P"
    )


def ranges(*lines: str, end: float = 100.0) -> list[tuple[float, float]]:
    report = DamageReport()
    for line in lines:
        report.take(line)
    report.finish(end)
    return report.ranges


def test_damage_is_seen_until_the_next_key_picture() -> None:
    lines = [shown(0, key=True), shown(1.5), ERROR, shown(2), REFUSED, shown(3), shown(4, key=True), shown(5)]
    assert ranges(*lines) == [(1.5, 4.0)]


def test_it_is_seen_for_ten_seconds_if_there_is_no_key_picture() -> None:
    assert ranges(ERROR, *(shown(second) for second in range(60))) == [(0.0, 11.0)]


def test_damage_at_the_end_reaches_to_the_end() -> None:
    assert ranges(shown(5), ERROR, end=6.5) == [(5.0, 6.5)]
    assert ranges(shown(5), ERROR, end=60) == [(5.0, 15.0)]
    assert ranges(shown(5), ERROR, end=5) == []


def test_near_ranges_are_joined() -> None:
    near = [shown(1), ERROR, shown(2, key=True), shown(3), ERROR, shown(4, key=True)]
    assert ranges(*near) == [(1.0, 4.0)]
    assert ranges(*near, shown(6), ERROR, shown(7, key=True)) == [(1.0, 4.0), (6.0, 7.0)]


def test_a_whole_recording_has_no_damage() -> None:
    assert ranges(shown(0, key=True), shown(-1), "[h264 @ 0x1] [info] anything") == []


def test_the_loss_names_the_seconds() -> None:
    loss = damage_loss([(1.5, 4.0), (70.0, 75.0)])
    assert loss.kind is LossKind.PICTURES_DAMAGED
    assert (loss.start, loss.end) == (1.5, 75.0)
    assert loss.detail == (
        "The picture of the recording is damaged for 7.5 s: from 1.5 s to 4 s, 1 min 10 s to 1 min 15 s. "
        "What is shown there may be wrong."
    )
    assert seconds_of([]) == 0


def test_of_many_ranges_the_first_ones_are_named() -> None:
    assert " and 2 more. What" in damage_loss([(10.0 * place, 10.0 * place + 1) for place in range(7)]).detail


def test_ranges_of_two_kinds_become_one_list() -> None:
    assert joined([(5.0, 6.0), (0.0, 3.0), (1.0, 2.0), (8.0, 9.0)]) == [(0.0, 3.0), (5.0, 6.0), (8.0, 9.0)]
    assert joined([(0.0, 3.0), (4.9, 6.0)]) == [(0.0, 6.0)]
    assert joined([]) == []
