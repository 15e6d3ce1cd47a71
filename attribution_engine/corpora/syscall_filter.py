"""A seccomp filter (classic BPF) under which Python can compute but change nothing outside itself.

It refuses with EPERM: new processes and programs, signals to others, sockets, opening a file for
writing, changing names or modes of files, namespaces, tracing, and io_uring, which would do all
that unseen. Threads are allowed. Written for Linux on x86-64; there is none for other machines.
"""

from __future__ import annotations

import struct
from typing import Final

ARCHITECTURE: Final = 0xC000003E  # AUDIT_ARCH_X86_64
ALLOW, KILL, REFUSE, UNKNOWN = 0x7FFF0000, 0x80000000, 0x00050001, 0x00050026  # EPERM, ENOSYS
LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
NUMBER, MACHINE, FIRST, SECOND, THIRD = 0, 4, 16, 24, 32  # offsets in struct seccomp_data
CLONE_THREAD: Final = 0x10000
WRITING: Final = 0o3 | 0o100 | 0o1000 | 0o20000000  # O_ACCMODE, O_CREAT, O_TRUNC, __O_TMPFILE
X32: Final = 0x40000000

REFUSED: Final = (
    *(57, 58, 59, 322),  # fork, vfork, execve, execveat
    *(62, 200, 234, 129, 297, 424, 434, 438),  # kill, tkill, tgkill, sigqueueinfo, pidfd
    *(101, 310, 311, 312),  # ptrace, process_vm_readv, process_vm_writev, kcmp
    *(109, 112),  # setpgid, setsid
    *(41, 42, 49, 50),  # socket, connect, bind, listen
    *(425, 426, 427),  # io_uring
    *(85, 76, 77, 285),  # creat, truncate, ftruncate, fallocate
    *(82, 264, 316, 87, 263, 84),  # rename, unlink, rmdir
    *(83, 258, 86, 265, 88, 266, 133, 259),  # mkdir, link, symlink, mknod
    *(90, 91, 268, 452, 92, 93, 94, 260),  # chmod, chown
    *(132, 235, 261, 280),  # utime
    *(188, 189, 190, 197, 198, 199),  # extended attributes
    *(272, 308, 165, 166, 155, 161),  # unshare, setns, mount, umount, pivot_root, chroot
    *(428, 429, 430, 431, 432, 433, 442),  # the newer mount calls
    *(105, 106, 113, 114, 116, 117, 119, 122, 123, 126),  # other users, capabilities
    *(321, 298, 323, 319),  # bpf, perf_event_open, userfaultfd, memfd_create
    *(248, 249, 250),  # keys
    *(29, 64, 68, 240),  # System V shared memory, semaphores, queues; POSIX queues
    *(175, 176, 313, 246, 320, 169, 167, 168, 170, 171, 163, 179),  # the machine itself
    *(159, 164, 227, 305, 172, 173),  # clocks, ports
)


def filter_program() -> bytes:
    """The filter as an array of `struct sock_filter`, for prctl(PR_SET_SECCOMP)."""
    # Each test is an instruction that passes over the refusal behind it when it does not apply.
    program = [
        _step(LOAD, MACHINE),
        _step(EQUAL, ARCHITECTURE, 1, 0),
        _step(RETURN, KILL),
        _step(LOAD, NUMBER),
        _step(AT_LEAST, X32, 0, 1),
        _step(RETURN, KILL),
    ]
    for number in REFUSED:
        program += [_step(EQUAL, number, 0, 1), _step(RETURN, REFUSE)]
    for number in (435, 437):  # clone3, openat2: their flags cannot be seen, C falls back to older
        program += [_step(EQUAL, number, 0, 1), _step(RETURN, UNKNOWN)]
    # clone without CLONE_THREAD makes a process.
    program += [
        _step(EQUAL, 56, 0, 4),
        _step(LOAD, FIRST),
        _step(ANY_BIT, CLONE_THREAD, 1, 0),
        _step(RETURN, REFUSE),
        _step(RETURN, ALLOW),
    ]
    for number, flags in ((2, SECOND), (257, THIRD)):  # open, openat
        program += [
            _step(EQUAL, number, 0, 4),
            _step(LOAD, flags),
            _step(ANY_BIT, WRITING, 0, 1),
            _step(RETURN, REFUSE),
            _step(RETURN, ALLOW),
        ]
    return b"".join([*program, _step(RETURN, ALLOW)])


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)
