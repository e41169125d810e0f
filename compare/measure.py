"""One run of a program, and what it cost; who else was on the cores meanwhile."""

import mmap
import os
import signal
import subprocess
import threading
import time
from dataclasses import dataclass

TICK = os.sysconf("SC_CLK_TCK")
CORES = os.cpu_count() or 1
# Short enough to see a peak, long enough to cost nothing: a look takes some 50 microseconds.
LOOK_EVERY = 0.01
CHUNK = 1 << 20


@dataclass
class Run:
    """What one run of a client cost."""

    wall: float  # seconds
    cpu: float  # seconds, user and system, of the client and its children
    server_cpu: float  # seconds, of the server alone
    peak: int  # KiB of resident memory, mapped pages included; sampled, so a lower bound
    code: int | None  # exit status; None: ended by the time limit
    requests: int = 0
    sent: int = 0  # bytes of body that the server handed to the socket
    right: bool = False
    user: float = 0.0  # seconds; `cpu` in two
    system: float = 0.0
    ended: float = 0.0  # time of day
    after: float = 0.0  # seconds from the last byte that the server handed over to the end of the client
    files: int = 0  # of the tree, links included
    bytes: int = 0


def machine_busy() -> float:
    """CPU seconds that all processes have used since the start, stolen time included."""
    with open("/proc/stat") as stat:
        user, nice, system, _idle, _wait, irq, softirq, steal = map(int, stat.readline().split()[1:9])
    return (user + nice + system + irq + softirq + steal) / TICK


def process_cpu(pids: list[int]) -> float:
    """CPU seconds of processes, all threads, to the nanosecond where the kernel tells."""
    total = 0
    for pid in pids:
        try:
            tasks = os.listdir(f"/proc/{pid}/task")
        except FileNotFoundError:
            continue
        for task in tasks:
            try:
                with open(f"/proc/{pid}/task/{task}/schedstat") as stat:
                    total += int(stat.read().split()[0])
            except (FileNotFoundError, ProcessLookupError):
                pass
    return total / 1e9


def touch(size: int) -> None:
    """Writes to so much memory and gives it back: a page that the host has to hand out first is seven times as slow."""
    with mmap.mmap(-1, max(size, CHUNK)) as memory:
        ones = b"\1" * CHUNK
        for at in range(0, len(memory) - CHUNK + 1, CHUNK):
            memory[at : at + CHUNK] = ones


def prefer(nice: int) -> None:
    """Runs this script and all it starts at another priority."""
    # Where the kernel groups processes by session, only the group's priority counts against other sessions.
    if os.getpgrp() != os.getpid():
        os.setsid()
    os.setpriority(os.PRIO_PROCESS, 0, nice)
    try:
        with open("/proc/self/autogroup", "w") as group:
            group.write(str(nice))
    except FileNotFoundError:
        pass


class Others:
    """CPU that neither this script nor its clients nor its server used, as a share of all cores."""

    def __init__(self, server_pids: list[int]):
        self.server_pids = server_pids
        self.begun = time.perf_counter()
        self.busy = machine_busy()
        self.ours = self._ours()

    def _ours(self) -> float:
        times = os.times()
        mine = times.user + times.system + times.children_user + times.children_system
        return mine + process_cpu(self.server_pids)

    def share(self) -> float:
        wall = time.perf_counter() - self.begun
        others = (machine_busy() - self.busy) - (self._ours() - self.ours)
        return max(0.0, others / (wall * CORES)) if wall > 0 else 0.0


def quiet(limit: float, patience: float) -> bool:
    """Waits until the cores are free, for at most so many seconds."""
    until = time.monotonic() + patience
    while True:
        others = Others([])
        time.sleep(0.4)
        if others.share() <= limit:
            return True
        if time.monotonic() > until:
            return False


def _watch_peak(pid: int, stop: threading.Event, peaks: list[int]) -> None:
    # Not ru_maxrss: a child inherits the size of this interpreter there.
    while not stop.wait(LOOK_EVERY):
        children = [pid]
        try:
            with open(f"/proc/{pid}/task/{pid}/children") as listed:
                children += [int(child) for child in listed.read().split()]
        except (FileNotFoundError, ProcessLookupError):
            pass
        for child in children:
            try:
                with open(f"/proc/{child}/status") as status:
                    peaks += [int(line.split()[1]) for line in status if line.startswith("VmHWM")]
            except (FileNotFoundError, ProcessLookupError):
                pass


def run(command: list[str], folder: str, env: dict[str, str], limit: float, server_pids: list[int]) -> Run:
    """Runs a client in a folder and waits for its end."""
    peaks: list[int] = [0]
    stop = threading.Event()
    server_before = process_cpu(server_pids)
    with open(os.path.join(folder, "said.txt"), "wb") as said:
        began = time.perf_counter()
        child = subprocess.Popen(
            command, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=said, stderr=said, process_group=0
        )
        late = []

        def end() -> None:
            late.append(True)
            os.killpg(child.pid, signal.SIGKILL)

        timer = threading.Timer(limit, end)
        timer.start()
        watcher = threading.Thread(target=_watch_peak, args=(child.pid, stop, peaks))
        watcher.start()
        try:
            _, status, usage = os.wait4(child.pid, 0)
        except BaseException:
            # This script is told to end: the client's folder goes with it.
            end()
            raise
        finally:
            wall = time.perf_counter() - began
            ended = time.time()
            timer.cancel()
            stop.set()
            watcher.join()
    child.returncode = os.waitstatus_to_exitcode(status)
    return Run(
        wall=wall,
        cpu=usage.ru_utime + usage.ru_stime,
        server_cpu=process_cpu(server_pids) - server_before,
        peak=max(peaks),
        code=None if late else child.returncode,
        user=usage.ru_utime,
        system=usage.ru_stime,
        ended=ended,
    )
