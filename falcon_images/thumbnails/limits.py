"""Limits that a process sets itself: of memory, of processor time, and no core dump."""

import contextlib
import sys
import time
from pathlib import Path

# Address space beside the memory: decoders and threads reserve more than they use.
_ADDRESS_BYTES = 1024**3
_OOM_SCORE = Path('/proc/self/oom_score_adj')


def limit_memory(max_bytes: int) -> None:
    """Limit the memory of this process, where the system can.

    Where the memory of the machine ends, Linux ends this process before all others.
    """
    with contextlib.suppress(OSError):
        _OOM_SCORE.write_text('1000')
    _limit_memory(max_bytes)


def limit_time(seconds: float) -> None:
    """Limit the processor time of this process from now on; the system kills it."""
    _limit_time(int(time.process_time() + seconds) + 1)


if sys.platform == 'win32':
    import ctypes
    from ctypes import wintypes

    # JOBOBJECT_EXTENDED_LIMIT_INFORMATION of winnt.h, and the flags in it.
    _EXTENDED_LIMITS = 9
    _LIMIT_PROCESS_TIME = 0x2
    _LIMIT_PROCESS_MEMORY = 0x100
    _DIE_ON_UNHANDLED_EXCEPTION = 0x400
    _TICKS_PER_SECOND = 10**7
    _NO_ERROR_WINDOWS = 0x1 | 0x2

    class _BasicLimits(ctypes.Structure):
        _fields_ = (
            ('PerProcessUserTimeLimit', wintypes.LARGE_INTEGER),
            ('PerJobUserTimeLimit', wintypes.LARGE_INTEGER),
            ('LimitFlags', wintypes.DWORD),
            ('MinimumWorkingSetSize', ctypes.c_size_t),
            ('MaximumWorkingSetSize', ctypes.c_size_t),
            ('ActiveProcessLimit', wintypes.DWORD),
            ('Affinity', ctypes.c_size_t),
            ('PriorityClass', wintypes.DWORD),
            ('SchedulingClass', wintypes.DWORD),
        )

    class _ExtendedLimits(ctypes.Structure):
        _fields_ = (
            ('BasicLimitInformation', _BasicLimits),
            ('IoInfo', ctypes.c_ulonglong * 6),
            ('ProcessMemoryLimit', ctypes.c_size_t),
            ('JobMemoryLimit', ctypes.c_size_t),
            ('PeakProcessMemoryUsed', ctypes.c_size_t),
            ('PeakJobMemoryUsed', ctypes.c_size_t),
        )

    _kernel = ctypes.WinDLL('kernel32', use_last_error=True)
    _kernel.CreateJobObjectW.restype = wintypes.HANDLE
    _kernel.CreateJobObjectW.argtypes = (wintypes.LPVOID, wintypes.LPCWSTR)
    _kernel.GetCurrentProcess.restype = wintypes.HANDLE
    _kernel.AssignProcessToJobObject.argtypes = (wintypes.HANDLE, wintypes.HANDLE)
    _kernel.SetInformationJobObject.argtypes = (
        *(wintypes.HANDLE, ctypes.c_int, wintypes.LPVOID, wintypes.DWORD),
    )

    # A process stays in its job, and the job keeps its limits.
    _job = _kernel.CreateJobObjectW(None, None)
    _limits = _ExtendedLimits()
    _limits.BasicLimitInformation.LimitFlags = _DIE_ON_UNHANDLED_EXCEPTION

    def _limit_memory(max_bytes: int) -> None:
        # Without it, a crash opens a window and waits until it is closed.
        _kernel.SetErrorMode(_NO_ERROR_WINDOWS)
        _limits.BasicLimitInformation.LimitFlags |= _LIMIT_PROCESS_MEMORY
        _limits.ProcessMemoryLimit = max_bytes
        _set_limits()
        _kernel.AssignProcessToJobObject(_job, _kernel.GetCurrentProcess())

    def _limit_time(seconds: int) -> None:
        _limits.BasicLimitInformation.LimitFlags |= _LIMIT_PROCESS_TIME
        _limits.BasicLimitInformation.PerProcessUserTimeLimit = (
            seconds * _TICKS_PER_SECOND
        )
        _set_limits()

    def _set_limits() -> None:
        _kernel.SetInformationJobObject(
            _job, _EXTENDED_LIMITS, ctypes.byref(_limits), ctypes.sizeof(_limits)
        )

else:
    import resource

    def _limit_memory(max_bytes: int) -> None:
        _set_limit(resource.RLIMIT_CORE, 0)
        _set_limit(resource.RLIMIT_DATA, max_bytes)
        # macOS has neither of these limits; the one of time works.
        _set_limit(resource.RLIMIT_AS, max_bytes + _ADDRESS_BYTES)

    def _limit_time(seconds: int) -> None:
        _set_limit(resource.RLIMIT_CPU, seconds)

    def _set_limit(kind: int, wanted: int) -> None:
        _, hard = resource.getrlimit(kind)
        if hard != resource.RLIM_INFINITY:
            wanted = min(wanted, hard)
        # Some systems refuse a limit that they allow.
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(kind, (wanted, hard))
