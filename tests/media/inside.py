# ruff: noqa: PTH101, PTH102, PTH104, PTH108, PTH123, PTH208, S103, S606 - as bare as what an attacker would run
"""What an attacker in the tool would try. It runs in the sandbox as the tool and prints the result of each attempt.

It is started as a script with one JSON argument and needs the standard library only. Each try is `name: done` or
`name: refused NUMBER`; the tries that end the process when they are refused are made alone, by `alone`.
"""

import ctypes
import errno
import fcntl
import json
import mmap
import os
import platform
import resource
import signal
import socket
import sys
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

Tries = dict[str, Callable[[], object]]

LIBC = ctypes.CDLL(None, use_errno=True)

# System calls that the tool has no use for, by their numbers (x86_64, aarch64); called with arguments of 0.
_CALLS = """
    ptrace=101,117 process_vm_readv=310,270 process_vm_writev=311,271 tkill=200,130 pidfd_open=434,434
    pidfd_getfd=438,438 pidfd_send_signal=424,424 kcmp=312,272 io_uring_setup=425,425 bpf=321,280
    userfaultfd=323,282 perf_event_open=298,241 mount=165,40 fsopen=430,430 open_tree=428,428 move_mount=429,429
    unshare=272,97 setns=308,268 chroot=161,51 personality=135,92 keyctl=250,219 add_key=248,217
    memfd_create=319,279 execveat=322,281 open_by_handle_at=304,265 name_to_handle_at=303,264 setuid=105,146
    shmget=29,194 msgget=68,186 semget=64,190 mq_open=240,180 inotify_init1=294,26 fanotify_init=300,262
    init_module=175,105 swapon=167,224 kexec_load=246,104 fchmod=91,52 fchown=93,55 utimensat=280,88
    setxattr=188,5 sched_setaffinity=203,122 setpriority=141,140 process_madvise=440,440 socketpair=53,199
    bind=49,200 connect=42,203 sendmsg=46,211 acct=163,89 landlock_create_ruleset=444,444 seccomp=317,277
    clone3=435,435
"""
_CLONE_THREAD, _CLONE_NEWNET, _CLONE_NEWUSER, _SIGCHLD = 0x10000, 0x40000000, 0x10000000, 17
_CLONE = {"x86_64": 56, "aarch64": 220}
_PTRACE_SEIZE = 0x4206


def called(number: int, *arguments: Any) -> int:
    answer = int(LIBC.syscall(ctypes.c_long(number), *arguments))
    if answer < 0:
        raise OSError(ctypes.get_errno(), "call")
    return answer


def read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read(64)


def write(path: str, mode: str = "wb") -> None:
    with open(path, mode) as file:
        file.write(b"x")


def connected(family: int, kind: int, address: Any) -> None:
    with socket.socket(family, kind) as made:
        made.settimeout(2)
        if kind == socket.SOCK_DGRAM:
            made.sendto(b"x", address)
        else:
            made.connect(address)


def forked() -> None:
    if os.fork() == 0:
        os._exit(0)
    os.wait()


def peeked(pid: int) -> bytes:
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps:
        start = int(maps.readline().split("-")[0], 16)
    with open(f"/proc/{pid}/mem", "rb") as memory:
        memory.seek(start)
        return memory.read(4)


def raised(kind: int) -> None:
    soft, hard = resource.getrlimit(kind)
    resource.setrlimit(kind, (soft, hard))


def shared(size: int) -> None:
    mmap.mmap(-1, size, flags=mmap.MAP_SHARED | mmap.MAP_ANONYMOUS).close()


def signals_to(pid: int) -> None:
    ends = os.pipe()
    fcntl.fcntl(ends[0], fcntl.F_SETOWN, pid)


def renamed(old: str, new: str) -> None:
    os.rename(old, new)
    os.rename(new, old)


def linked(make: Callable[[str, str], None], old: str, new: str) -> None:
    make(old, new)
    os.unlink(new)


def many_files() -> None:
    made: list[int] = []
    try:
        while len(made) < 200:
            made.append(os.dup(0))
    finally:
        for number in made:
            os.close(number)


def on_files(given: dict[str, Any]) -> Tries:
    work, output, recording = given["work"], given["output"], given["recording"]
    return {
        "read the token": lambda: read(given["token"]),
        "read the key": lambda: read(given["key"]),
        "read /etc/passwd": lambda: read("/etc/passwd"),
        "list the work folder": lambda: os.listdir(work),
        "list the root folder": lambda: os.listdir("/"),
        "write beside the output": lambda: write(f"{work}/beside"),
        "write elsewhere": lambda: write(given["elsewhere"]),
        "change the recording": lambda: write(recording, "r+b"),
        "empty the recording": lambda: os.truncate(recording, 1),
        "link the recording": lambda: linked(os.link, recording, f"{work}/link"),
        "link by name": lambda: linked(os.symlink, recording, f"{work}/name"),
        "rename the output": lambda: renamed(output, f"{work}/renamed"),
        "make a folder": lambda: os.mkdir(f"{work}/folder"),
        "delete the output": lambda: os.unlink(given["spare"]),
        "change the output's mode": lambda: os.chmod(output, 0o777),
        "change the output's time": lambda: os.utime(output),
        "make a pipe with a name": lambda: os.mkfifo(f"{work}/fifo"),
    }


def on_processes(given: dict[str, Any]) -> Tries:
    clone = _CLONE[platform.machine()]
    tries: Tries = {
        "start a process": forked,
        "start a process by posix_spawn": lambda: os.waitpid(os.posix_spawn("/bin/sh", ["sh", "-c", ":"], {}), 0),
        "clone without a thread": lambda: exit_in_child(called(clone, _SIGCHLD, 0, 0, 0, 0)),
        "start a process with its own user": lambda: exit_in_child(
            called(clone, _CLONE_NEWUSER | _SIGCHLD, 0, 0, 0, 0)
        ),
        "ask for more memory than allowed": lambda: bytearray(given["memory"] + 100 * 1024**2),
        "ask for shared memory": lambda: shared(given["memory"] + 2 * 1024**3),
        "open more files than allowed": many_files,
        "raise the limit on files": lambda: raised(resource.RLIMIT_FSIZE),
        "raise the limit on processor time": lambda: raised(resource.RLIMIT_CPU),
    }
    for whose in ("victim", "parent"):
        pid = given[whose] if whose in given else os.getppid()
        tries |= {
            f"read the environment of the {whose}": partial(read, f"/proc/{pid}/environ"),
            f"read the command line of the {whose}": partial(read, f"/proc/{pid}/cmdline"),
            f"read the memory of the {whose}": partial(peeked, pid),
            f"signal the {whose}": partial(os.kill, pid, 0),
            f"have the kernel signal the {whose}": partial(signals_to, pid),
        }
    return tries


def exit_in_child(pid: int) -> None:
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)


def on_sockets(given: dict[str, Any]) -> Tries:
    return {
        "connect by TCP": lambda: connected(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", given["tcp"])),
        "listen by TCP": lambda: socket.create_server(("127.0.0.1", 0)).close(),
        "send by UDP": lambda: connected(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", given["tcp"])),
        "connect to a socket with a path": lambda: connected(socket.AF_UNIX, socket.SOCK_STREAM, given["unix"]),
        "connect to an abstract socket": lambda: connected(
            socket.AF_UNIX, socket.SOCK_STREAM, "\0" + given["abstract"]
        ),
        "talk to the kernel by netlink": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW).close(),
    }


def ended(attempt: Callable[[], object]) -> str:
    try:
        attempt()
    except OSError as error:
        return f"refused {errno.errorcode.get(error.errno or 0, error.errno)}"
    except MemoryError:
        return "refused ENOMEM"
    except ValueError as error:
        # This is how the resource module words a refusal.
        return f"refused {error}"
    return "done"


def bare_calls() -> dict[str, str]:
    machine = ("x86_64", "aarch64").index(platform.machine())
    ends = {}
    for entry in _CALLS.split():
        name, _, numbers = entry.partition("=")
        ends[f"call {name}"] = ended(partial(called, int(numbers.split(",")[machine]), 0, 0, 0, 0, 0))
    return ends


def what_works(given: dict[str, Any]) -> dict[str, str]:
    def in_a_thread() -> None:
        thread = threading.Thread(target=lambda: None)
        thread.start()
        thread.join()

    def overwrite() -> None:
        write(given["output"])
        assert read(given["output"]) == b"x"

    return {
        "read the recording": ended(lambda: read(given["recording"])),
        "write the output": ended(overwrite),
        "start a thread": ended(in_a_thread),
    }


def descriptors() -> list[int]:
    """Name every open descriptor; the folder that lists them is out of reach."""
    found = []
    for number in range(256):
        try:
            os.fstat(number)
        except OSError:
            continue
        found.append(number)
    return found


def alone(name: str, given: dict[str, Any]) -> None:
    if name == "start a shell":
        os.execv("/bin/sh", ["/bin/sh", "-c", "echo a shell"])
    elif name == "start itself again":
        os.execv(sys.executable, [sys.executable, "-c", "print('again')"])
    elif name == "write more than allowed":
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        with open(given["output"], "wb") as file:
            file.write(bytes(given["file_bytes"] + 1))
    elif name == "use more time than allowed":
        while True:
            pass
    print(f"{name}: done", flush=True)  # noqa: T201 - how it reports


def main() -> None:
    given = json.loads(sys.argv[1])
    if "alone" in given:
        alone(given["alone"], given)
        return
    report: dict[str, Any] = {
        "descriptors": descriptors(),
        "environment": dict(os.environ),
        "limits": {
            name: resource.getrlimit(getattr(resource, f"RLIMIT_{name}"))
            for name in ("CORE", "CPU", "DATA", "AS", "FSIZE", "NOFILE", "STACK")
        },
        "works": what_works(given),
        "tries": {
            name: ended(attempt)
            for name, attempt in (on_files(given) | on_processes(given) | on_sockets(given)).items()
        },
    }
    if given["bare_calls"]:
        report["tries"] |= bare_calls()
    print(json.dumps(report))  # noqa: T201 - how it reports


if __name__ == "__main__":
    main()
