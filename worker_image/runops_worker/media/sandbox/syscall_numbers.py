"""The system calls that the tool may make, with their numbers on each processor. All others are refused.

The numbers come from the kernel (`asm/unistd_64.h`, `asm-generic/unistd.h`) and never change. Calls that open files are
listed, because Landlock restricts which files. Calls that change names, owners, modes or times are not listed, because
Landlock does not cover all of them.
"""

__all__ = ["AUDIT_ARCH", "NUMBERS"]

AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
"""Architecture numbers as a filter sees them (`linux/audit.h`), by machine name."""

_X86_64 = """
    read=0 write=1 pread64=17 pwrite64=18 readv=19 writev=20 preadv=295 pwritev=296 lseek=8 open=2 openat=257
    close=3 fstat=5 stat=4 lstat=6 newfstatat=262 statx=332 access=21 faccessat=269 faccessat2=439
    getdents64=217 readlink=89 readlinkat=267 getcwd=79 fsync=74 fdatasync=75 ftruncate=77 fadvise64=221 dup=32
    dup2=33 dup3=292 pipe=22 pipe2=293 eventfd2=290 mmap=9 munmap=11 mprotect=10 mremap=25 madvise=28
    brk=12 futex=202 set_robust_list=273 rseq=334 set_tid_address=218 sched_yield=24 sched_getaffinity=204
    getcpu=309 arch_prctl=158 exit=60 exit_group=231 restart_syscall=219 rt_sigaction=13 rt_sigprocmask=14
    rt_sigreturn=15 sigaltstack=131 getpid=39 gettid=186 getppid=110 getpgrp=111 getpgid=121 getsid=124
    getuid=102 geteuid=107 getgid=104 getegid=108 uname=63 sysinfo=99 getrlimit=97 getrusage=98 times=100
    getrandom=318 clock_gettime=228 clock_getres=229 clock_nanosleep=230 gettimeofday=96 time=201 nanosleep=35
    poll=7 ppoll=271 select=23 pselect6=270 clone=56 clone3=435 execve=59 ioctl=16 fcntl=72 prctl=157
    prlimit64=302 tgkill=234
"""
_AARCH64 = """
    read=63 write=64 pread64=67 pwrite64=68 readv=65 writev=66 preadv=69 pwritev=70 lseek=62 openat=56 close=57
    fstat=80 newfstatat=79 statx=291 faccessat=48 faccessat2=439 getdents64=61 readlinkat=78 getcwd=17 fsync=82
    fdatasync=83 ftruncate=46 fadvise64=223 dup=23 dup3=24 pipe2=59 eventfd2=19 mmap=222 munmap=215
    mprotect=226 mremap=216 madvise=233 brk=214 futex=98 set_robust_list=99 rseq=293 set_tid_address=96
    sched_yield=124 sched_getaffinity=123 getcpu=168 exit=93 exit_group=94 restart_syscall=128 rt_sigaction=134
    rt_sigprocmask=135 rt_sigreturn=139 sigaltstack=132 getpid=172 gettid=178 getppid=173 getpgid=155
    getsid=156 getuid=174 geteuid=175 getgid=176 getegid=177 uname=160 sysinfo=179 getrlimit=163 getrusage=165
    times=153 getrandom=278 clock_gettime=113 clock_getres=114 clock_nanosleep=115 gettimeofday=169
    nanosleep=101 ppoll=73 pselect6=72 clone=220 clone3=435 execve=221 ioctl=29 fcntl=25 prctl=167
    prlimit64=261 tgkill=131
"""


def _table(text: str) -> dict[str, int]:
    return {name: int(number) for name, number in (entry.split("=") for entry in text.split())}


NUMBERS = {"x86_64": _table(_X86_64), "aarch64": _table(_AARCH64)}
"""Numbers of the calls by name, for each machine as named by `uname -m`."""
