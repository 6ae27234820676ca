"""The filter's verdicts on both architectures, computed by an interpreter of BPF."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runops_worker.media.sandbox.seccomp import build
from runops_worker.media.sandbox.syscall_numbers import AUDIT_ARCH, NUMBERS

MACHINES = sorted(NUMBERS)
PID, POINTER = 4711, 0x21_8765_4321
ALLOW, KILL, EPERM, ENOSYS = 0x7FFF0000, 0x80000000, 0x50001, 0x50026
WITH_CONDITIONS = {"clone", "clone3", "execve", "ioctl", "fcntl", "prctl", "prlimit64", "tgkill"}
THREAD = 0x3D0F00


def verdict(machine: str, number: int, *arguments: int, arch: int | None = None) -> int:
    program = build(machine, pid=PID, exec_pointer=POINTER)
    assert program is not None
    padded = [*arguments, *[0] * (6 - len(arguments))]
    data = struct.pack("=IIQ6Q", number, AUDIT_ARCH[machine] if arch is None else arch, 0, *padded)
    place = value = 0
    for _ in range(len(program) // 8):
        code, yes, no, constant = struct.unpack_from("=HBBI", program, 8 * place)
        place += 1
        if code == 0x20:
            (value,) = struct.unpack_from("=I", data, constant)
        elif code == 0x06:
            return int(constant)
        else:
            holds = {0x15: value == constant, 0x35: value >= constant, 0x45: value & constant != 0}[code]
            place += yes if holds else no
    pytest.fail("the filter came to no verdict")


@pytest.mark.parametrize("machine", MACHINES)
def test_only_what_is_listed_is_allowed(machine: str) -> None:
    plain = {number for name, number in NUMBERS[machine].items() if name not in WITH_CONDITIONS}
    listed = set(NUMBERS[machine].values())
    for number in range(600):
        if number in plain:
            assert verdict(machine, number) == ALLOW, number
        elif number not in listed:
            assert verdict(machine, number) == (EPERM if number < 424 else ENOSYS), number


@pytest.mark.parametrize("machine", MACHINES)
def test_numbers_are_listed_once(machine: str) -> None:
    assert len(set(NUMBERS[machine].values())) == len(NUMBERS[machine])


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("clone", (THREAD,), ALLOW),
        ("clone", (17,), EPERM),
        ("clone", (0x4111,), EPERM),
        ("clone", (THREAD | 0x10000000,), EPERM),
        ("clone", (THREAD | 0x40000000,), EPERM),
        ("clone3", (POINTER, 88), ENOSYS),
        ("execve", (POINTER,), ALLOW),
        ("execve", (POINTER + 1,), KILL),
        ("execve", (POINTER + (1 << 32),), KILL),
        ("ioctl", (0, 0x5401), ALLOW),
        ("ioctl", (0, 0x5412), EPERM),
        ("fcntl", (0, 2), ALLOW),
        ("fcntl", (0, 8), EPERM),
        ("prctl", (15,), ALLOW),
        ("prctl", (22,), EPERM),
        ("prlimit64", (0, 7, 0), ALLOW),
        ("prlimit64", (0, 7, 1), EPERM),
        ("prlimit64", (0, 7, 1 << 32), EPERM),
        ("prlimit64", (PID, 7, 0), EPERM),
        ("tgkill", (PID, PID, 6), ALLOW),
        ("tgkill", (PID - 1, PID - 1, 6), EPERM),
    ],
)
@pytest.mark.parametrize("machine", MACHINES)
def test_calls_are_allowed_or_refused_by_their_arguments(
    machine: str, name: str, arguments: tuple[int, ...], expected: int
) -> None:
    assert verdict(machine, NUMBERS[machine][name], *arguments) == expected


@given(st.sampled_from(MACHINES), st.integers(0, 2**64 - 1))
def test_no_other_address_starts_a_program(machine: str, pointer: int) -> None:
    expected = ALLOW if pointer == POINTER else KILL
    assert verdict(machine, NUMBERS[machine]["execve"], pointer) == expected


@pytest.mark.parametrize("machine", MACHINES)
def test_calls_of_another_architecture_kill_the_process(machine: str) -> None:
    assert verdict(machine, NUMBERS[machine]["read"], arch=0x40000003) == KILL


@given(st.integers(0x40000000, 2**32 - 1))
def test_x32_calls_kill_the_process(number: int) -> None:
    assert verdict("x86_64", number) == KILL


def test_an_unknown_processor_has_no_filter() -> None:
    assert build("riscv64", pid=PID, exec_pointer=POINTER) is None
