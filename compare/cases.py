"""What is compared with what, and over which link."""

from dataclasses import dataclass, field

import tools
from tools import Tool

GB, MB = 1_000_000_000, 1_000_000


@dataclass(frozen=True)
class Case:
    """A file behind a server, and the pairs of tools that fetch it in turn."""

    name: str
    size: int
    server: str  # "nginx" or "faults"
    flags: list[str] = field(default_factory=list)  # of towline-faults
    script: str = ""  # for what has no flag
    pairs: list[tuple[Tool, Tool]] = field(default_factory=list)
    times: int = 5  # pairs of runs
    block: int = 1  # pairs over which others' CPU is counted: the kernel counts in ticks of 10 ms
    limit: float = 120.0  # seconds for one run

    @property
    def server_name(self) -> str:
        """As the records have it."""
        return "nginx" if self.server == "nginx" else "towline-faults"

    @property
    def file(self) -> str:
        return f"{self.size}.bin"


def _with(ours: Tool, *peers: Tool) -> list[tuple[Tool, Tool]]:
    return [(ours, peer) for peer in peers]


CLEAN = _with(tools.TOWLINE, tools.CURL, tools.CURL_OPENSSL, tools.CURL_HASH, tools.WGET, tools.ARIA_HASH)
BARE = _with(tools.TOWLINE_BARE, tools.CURL)
PATIENT = _with(tools.TOWLINE, tools.CURL_LOOP, tools.WGET_TUNED, tools.ARIA_TUNED)
HASTY = _with(tools.TOWLINE, tools.CURL_RETRY, tools.WGET_DEFAULT, tools.ARIA_DEFAULT)
HASHED = _with(tools.TOWLINE, tools.CURL, tools.CURL_OPENSSL)

# The small send buffer that goes with a pace holds one segment of loopback: each would wait for a delayed acknowledgement.
PACED = f"""
[[rule]]
on = "/files/*"
act = [{{ pace = {50 * MB} }}, {{ send-buffer = {1 << 20} }}]
"""

CASES = [
    Case("1 GB, clean", GB, "nginx", pairs=CLEAN + BARE),
    Case("1 GB, clean", GB, "faults", pairs=HASHED),
    Case("17 MB, clean", 17 * MB, "nginx", pairs=CLEAN + BARE, times=20, block=10),
    Case("17 MB, clean", 17 * MB, "faults", pairs=HASHED, times=20, block=10),
    Case("17 MB, cut every 5 %", 17 * MB, "faults", ["--every", "5%"], pairs=HASTY + PATIENT, times=10, block=5, limit=60),
    Case("17 MB, cut every 10 %", 17 * MB, "faults", ["--every", "10%"], pairs=HASTY + PATIENT, times=10, block=5, limit=60),
    Case("1 GB, cut every 5 %", GB, "faults", ["--every", "5%"], pairs=PATIENT),
    Case("1 GB, cut every 10 %", GB, "faults", ["--every", "10%"], pairs=PATIENT),
    Case("250 MB at 50 MB/s", 250 * MB, "faults", script=PACED, pairs=HASHED),
]
