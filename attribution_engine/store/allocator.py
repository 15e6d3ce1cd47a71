"""Keeps a server of many threads from holding on to memory that it has freed."""

from __future__ import annotations

import ctypes
import sys

# Numbers of glibc's malloc.h.
TRIM_THRESHOLD, MMAP_THRESHOLD, ARENAS = -1, -3, -8
LARGE = 2**20  # bytes from which an array has pages of its own, which go back when it is freed


def give_back_freed_memory() -> bool:
    """Tells the C library to return what is freed; whether it does, which only glibc can.

    By itself it raises its threshold to the size of the largest array that was ever freed, and
    keeps a heap for every few threads: the arrays of a million documents then stay in all of them.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        set_option = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):
        return False
    options = ((MMAP_THRESHOLD, LARGE), (TRIM_THRESHOLD, LARGE), (ARENAS, 2))
    return all(bool(set_option(*option)) for option in options)
