"""Figures of unpacking out of the recorded runs, as Markdown."""

import statistics
from collections.abc import Callable
from typing import Any

from table import ENOUGH, outcome, spread
from unpack_cases import UNPACKINGS, Unpacking

Record = dict[str, Any]

TIMES = "| case | pairs (left out) | wall A s | wall B s | wall A/B | aim | after the last byte A s | B s | CPU of others % |"
COSTS = (
    "| case | user A, B s | system A, B s | CPU A/B | server's CPU A, B s | peak MiB A, B | files A, B | MB A, B "
    "| requests A, B | result A, B |"
)
CAPTION = """\
A is Towline: `towline get URL#sha256=HEX… --unpack`, or for a set `towline download`, which asks the index as its peer does. B is uv, and where
a folder is filled pip. Median (smallest-largest) of pairs in turn, ratios pair by pair. *After the last byte*:
from the moment when the server had handed over the last byte to the end of the program.

Not the same work. Only uv: asks the index for pages and metadata, writes each file into its cache and links it into the target, rewrites
RECORD, adds INSTALLER and REQUESTED, makes the programs of `entry_points.txt` and spreads `.data`; for an interpreter it corrects
paths in it and marks it as managed. Only Towline: keeps the partial file for the next run, holds the central directory against the
local headers, CRC-32 and RECORD's list and sizes against the tree, bounds members, bytes and names, refuses two members for one place, and lets
the tree be seen only when it is whole. Both check SHA-256 of the archive. uv's cache is cold but for what it knows of the interpreter; of pip nothing is warm but
its own bytecode."""


def rows(case: Unpacking, pairs: list[Record], limit: float) -> tuple[str, str]:
    """One comparison; pairs are left out and marked as in `table.rows`."""
    calm = [pair for pair in pairs if pair["others"] <= limit]
    used, mark = (calm, "") if len(calm) >= min(ENOUGH, len(pairs)) else (pairs, " †")
    sides = [pair["a"] for pair in used], [pair["b"] for pair in used]

    def ratios(what: str) -> list[float]:
        whole = all(run["code"] == 0 for side in sides for run in side)
        return [a[what] / b[what] for a, b in zip(*sides, strict=True) if b[what] > 0] if whole else []

    def both(say: Callable[[list[Record]], str]) -> str:
        return ", ".join(say(side) for side in sides)

    def middles(what: str, digits: int, scale: float = 1.0) -> str:
        return both(lambda side: f"{statistics.median(run[what] for run in side) / scale:.{digits}f}")

    wall, cpu = ratios("wall"), ratios("cpu")
    times = [
        case.name,
        f"{len(used)} ({len(pairs) - len(used)}){mark}",
        *(spread((run["wall"] for run in side), 2) for side in sides),
        spread(wall, 2) if wall else "-",
        _aim(case, wall, sides[0]),
        *(spread((run["after"] for run in side), 3) for side in sides),
        spread((100 * pair["others"] for pair in used), 0),
    ]
    costs = [
        case.name,
        middles("user", 2),
        middles("system", 2),
        spread(cpu, 2) if cpu else "-",
        middles("server_cpu", 2),
        both(lambda side: f"{max(run['peak'] for run in side) / 1024:.0f}"),
        middles("files", 0),
        middles("bytes", 0, 1e6),
        middles("requests", 0),
        both(outcome),
    ]
    return f"| {' | '.join(times)} |", f"| {' | '.join(costs)} |"


def _aim(case: Unpacking, wall: list[float], ours: list[Record]) -> str:
    if case.paced:
        after = statistics.median(run["after"] for run in ours)
        bound = max(0.3, 0.05 * statistics.median(run["wall"] for run in ours))
        return f"<= {bound:.2f} s after the last byte: {'met' if after <= bound else '**missed**'}"
    met = bool(wall) and statistics.median(wall) <= case.aim
    return f"<= {case.aim:.2f}: {'met' if met else '**missed**'}"


def tables(records: list[Record], limit: float) -> str:
    """Every comparison in the order of the cases; nothing if there is none."""
    found = []
    for case in UNPACKINGS:
        if pairs := [record for record in records if record["case"] == case.name]:
            found.append(rows(case, pairs, limit))
    if not found:
        return ""

    def under(head: str, at: int) -> str:
        return "\n".join([head, "|---" * (head.count("|") - 1) + "|", *(row[at] for row in found)])

    return f"{CAPTION}\n\n{under(TIMES, 0)}\n\n{under(COSTS, 1)}"
