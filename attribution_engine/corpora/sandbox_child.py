"""The inside of the sandbox: a script that shuts itself in, then runs code and tests.

Run by `code_sandbox` as `python -I -S sandbox_child.py`; imports nothing of this project, as the
interpreter is isolated. Standard input holds a line with the length of a JSON job, the job, and
behind it a secret. The secret is left unread until the tests have run, so that no variable holds
it while the code runs. Standard output gets one line: the secret and the verdict.
"""

import ctypes
import fcntl
import json
import os
import random
import resource
import signal
import sys
import types
from typing import Any

NEW_USER, NEW_NET, NEW_PID = 0x10000000, 0x40000000, 0x20000000  # flags of unshare()
NEW_MOUNT, NEW_IPC = 0x00020000, 0x08000000
BIND, PRIVATE, RECURSIVE = 4096, 1 << 18, 16384  # flags of mount()
READ_ONLY = 1 | 2 | 4 | 32 | BIND  # MS_RDONLY, MS_NOSUID, MS_NODEV, MS_REMOUNT
DIE_WITH_PARENT, SECCOMP, NO_NEW_PRIVILEGES, FILTER = 1, 22, 38, 2  # of prctl()
CAPABILITIES = 0x20080522  # version 3 of capset()
SYSTEM_FOLDERS = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/share/zoneinfo")


def main() -> None:
    job = json.loads(_read_exactly(0, int(_read_line(0))))
    secret, report = _out_of_the_way(0), _out_of_the_way(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in {0, 1, 2} - {nothing}:
        os.dup2(nothing, standard)
    if nothing > 2:
        os.close(nothing)
    held = json.dumps(shut_in(job))
    # Bound here, as the code may change what the names of modules mean.
    read, write, leave, encode = os.read, os.write, os._exit, json.dumps
    no_trace, no_profile, block = sys.settrace, sys.setprofile, signal.pthread_sigmask
    signals = signal.valid_signals()
    outcome, reason = _run(job)
    no_trace(None)
    no_profile(None)
    block(signal.SIG_BLOCK, signals)
    line = f'["{outcome}", {encode(reason)}, {held}]\n'.encode()
    write(report, read(secret, 64) + line)
    leave(0)  # no exit handler and no thread of the code's can change the verdict


def shut_in(job: dict[str, Any]) -> list[str]:
    """Gives up all that code does not need.

    Returns:
        The protections that hold, in words.
    """
    try:
        libc = ctypes.CDLL(None, use_errno=True)
    except (OSError, TypeError):
        libc = None
    held = _namespaces(libc, job["folder"], int(job["cpu_seconds"])) if libc else []
    held += _limits(job)
    if libc and _powerless(libc):
        held.append("no privileges")
    if libc and _filtered(libc, bytes.fromhex(job["filter"])):
        held.append("system calls filtered")
    return held


def _namespaces(libc: Any, folder: str, seconds: int) -> list[str]:
    """A user, network, process and mount namespace of its own, where the kernel lets us."""
    user, group = os.getuid(), os.getgid()
    if libc.unshare(NEW_USER | NEW_NET | NEW_PID | NEW_IPC | NEW_MOUNT) != 0:
        libc.prctl(DIE_WITH_PARENT, signal.SIGKILL, 0, 0, 0)
        return []
    libc.prctl(DIE_WITH_PARENT, signal.SIGKILL, 0, 0, 0)  # unshare would have undone it
    for name, line in (
        ("setgroups", "deny"),
        ("uid_map", f"{user} {user} 1"),
        ("gid_map", f"{group} {group} 1"),
    ):
        try:
            with open(f"/proc/self/{name}", "w") as file:
                file.write(line)
        except OSError:  # forbidden on some systems that allow the namespace itself
            break
    child = os.fork()
    if child:  # stays outside; when it is killed, what is inside goes with it
        os.closerange(3, 1 << 16)
        for number in (signal.SIGTERM, signal.SIGALRM):
            # With its first process a namespace loses all others, before waitpid returns.
            signal.signal(number, lambda *_: os.kill(child, signal.SIGKILL))
        signal.alarm(2 * seconds + 5)
        _, status = os.waitpid(child, 0)
        os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
    libc.prctl(DIE_WITH_PARENT, signal.SIGKILL, 0, 0, 0)
    held = ["no network", "processes apart"]
    try:
        if _new_root(libc, folder):
            held.append("files out of sight")
    except OSError:
        pass
    return held


def _new_root(libc: Any, folder: str) -> bool:
    """Makes `folder` the root, with nothing in it but the standard library and shared libraries.

    Raises:
        OSError: not allowed; the root is then what it was.
    """
    library = os.path.dirname(os.path.dirname(os.path.realpath(os.__file__)))
    if libc.mount(b"none", b"/", None, PRIVATE | RECURSIVE, None) != 0:
        return False
    if libc.mount(b"tmpfs", folder.encode(), b"tmpfs", 0, b"size=64k,mode=755") != 0:
        return False
    for path in dict.fromkeys([library, *SYSTEM_FOLDERS]):
        if os.path.isdir(path):
            inside = folder + path
            os.makedirs(inside, exist_ok=True)
            if libc.mount(path.encode(), inside.encode(), None, BIND, None) != 0:
                return False
            libc.mount(None, inside.encode(), None, READ_ONLY, None)
    os.chroot(folder)
    os.chdir("/")
    return True


def _limits(job: dict[str, Any]) -> list[str]:
    """Resource limits; what a system does not know is passed over."""
    megabytes = int(job["memory_mb"]) << 20
    wanted = {
        "RLIMIT_CPU": int(job["cpu_seconds"]),
        "RLIMIT_AS": megabytes,
        "RLIMIT_FSIZE": 0,
        "RLIMIT_CORE": 0,
        "RLIMIT_NOFILE": 64,
        "RLIMIT_NPROC": 16,
    }
    names = ("processor time", "memory", "no file written", "", "open files", "processes")
    held = []
    for (limit, value), name in zip(wanted.items(), names):
        try:
            resource.setrlimit(getattr(resource, limit), (value, value))
        except (AttributeError, ValueError, OSError):
            continue
        # The kernel does not count the processes of the administrator.
        if name and not (limit == "RLIMIT_NPROC" and os.getuid() == 0):
            held.append(name)
    return held


def _powerless(libc: Any) -> bool:
    """Drops every capability, those inside the namespace too: with them one could leave it."""
    header = (ctypes.c_uint32 * 2)(CAPABILITIES, 0)
    nothing = (ctypes.c_uint32 * 6)()
    try:
        return bool(libc.capset(header, nothing) == 0)
    except AttributeError:  # not Linux
        return False


def _filtered(libc: Any, program: bytes) -> bool:
    """Installs a seccomp filter for good; false where there is none for this machine."""
    if not program:
        return False

    class Filter(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("steps", ctypes.c_char_p)]

    if libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0:
        return False
    found = Filter(len(program) // 8, program)
    return bool(libc.prctl(SECCOMP, FILTER, ctypes.byref(found), 0, 0) == 0)


def _run(job: dict[str, Any]) -> tuple[str, str]:
    """Outcome ("passed", "failed" or "not runnable") and the first line of the reason."""
    # Bound before the code runs, as above.
    run, describe = exec, _described
    programs = []
    for part, at_fault in (("code", "failed"), ("tests", "not runnable")):
        try:
            programs.append(compile(job[part], f"<{part}>", "exec", dont_inherit=True))
        except BaseException as error:  # noqa: B036 (MemoryError, RecursionError, ValueError, …)
            return at_fault, describe(error, part)
    module = types.ModuleType("answer")
    sys.modules["answer"] = module
    sys.modules["__main__"] = types.ModuleType("__main__")
    for program, part in zip(programs, ("code", "tests")):
        try:
            run(program, module.__dict__)
        except BaseException as error:  # noqa: B036 (SystemExit, and whatever code makes up)
            return "failed", describe(error, part)
    return "passed", ""


def _described(error: BaseException, part: str) -> str:
    """Kind and first line of an error, and the line of the program."""
    try:
        said = str(error).strip().splitlines()
    except BaseException:  # noqa: B036 (an exception class of the code's own)
        said = []
    line = error.lineno if isinstance(error, SyntaxError) else None
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == f"<{part}>":
            line = trace.tb_lineno
        trace = trace.tb_next
    place = f" (line {line} of the {part})" if line else f" (in the {part})"
    return f"{type(error).__name__[:100]}{': ' + said[0][:300] if said else ''}{place}"


def _out_of_the_way(descriptor: int) -> int:
    """A copy under a number that cannot be guessed at once; the original is closed."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = min(soft, 1 << 16) - 8 if soft > 0 else 4096
    least = random.SystemRandom().randrange(100, max(101, most))
    copy = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, least)
    os.close(descriptor)
    return copy


def _read_line(descriptor: int) -> bytes:
    line = b""
    while not line.endswith(b"\n"):
        line += _read_exactly(descriptor, 1)
    return line


def _read_exactly(descriptor: int, count: int) -> bytes:
    found = b""
    while len(found) < count:
        piece = os.read(descriptor, count - len(found))
        if not piece:
            os._exit(3)
        found += piece
    return found


if __name__ == "__main__":
    main()
