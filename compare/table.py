"""Figures out of the recorded runs, as Markdown."""

import statistics
from collections.abc import Callable, Iterable
from typing import Any

Record = dict[str, Any]
# Of fewer pairs that ran undisturbed nothing is claimed without the mark.
ENOUGH = 3

TIMES = "| case | server | A | B | pairs (left out) | wall A s | wall B s | wall A/B | CPU of others % |"
COSTS = (
    "| case | server | A | B | CPU A s | CPU B s | CPU A/B | server's CPU A, B s | requests A, B | bytes A, B "
    "| result A, B | peak MiB A, B |"
)


def spread(values: Iterable[float], digits: int) -> str:
    """Median (smallest-largest)."""
    found = sorted(values)
    middle = statistics.median(found)
    if len(found) == 1:
        return f"{middle:.{digits}f}"
    return f"{middle:.{digits}f} ({found[0]:.{digits}f}-{found[-1]:.{digits}f})"


def outcome(runs: list[Record]) -> str:
    words = set()
    for run in runs:
        if run["code"] is None:
            words.add("not done in time")
        elif run["code"] != 0:
            words.add(f"failed ({run['code']})")
        else:
            words.add("right" if run["right"] else "**wrong**")
    return " / ".join(sorted(words))


def _counts(values: Iterable[int]) -> str:
    found = sorted(set(values))
    return str(found[0]) if len(found) == 1 else f"{found[0]}-{found[-1]}"


def rows(pairs: list[Record], limit: float) -> tuple[str, str]:
    """One comparison. Pairs that others disturbed are left out, unless too few remain: then all count, and a mark says so."""
    calm = [pair for pair in pairs if pair["others"] <= limit]
    used, mark = (calm, "") if len(calm) >= min(ENOUGH, len(pairs)) else (pairs, " †")
    sides = [pair["a"] for pair in used], [pair["b"] for pair in used]
    size = pairs[0]["size"]
    done = all(run["code"] == 0 for side in sides for run in side)
    digits = 2 if size >= 100_000_000 else 3

    def ratios(what: str) -> str:
        # How long a failure took says nothing about speed.
        found = [a[what] / b[what] for a, b in zip(*sides, strict=True) if b[what] > 0]
        return spread(found, 2) if done and found else "-"

    def both(say: Callable[[list[Record]], str]) -> str:
        return ", ".join(say(side) for side in sides)

    def middle(side: list[Record], what: str) -> float:
        return statistics.median(run[what] for run in side)

    first = [pairs[0][key] for key in ("case", "server", "a_name", "b_name")]
    times = [
        f"{len(used)} ({len(pairs) - len(used)}){mark}",
        *(spread((run["wall"] for run in side), digits) for side in sides),
        ratios("wall"),
        spread((100 * pair["others"] for pair in used), 0),
    ]
    costs = [
        *(spread((run["cpu"] for run in side), digits) for side in sides),
        ratios("cpu"),
        both(lambda side: f"{middle(side, 'server_cpu'):.{digits}f}"),
        both(lambda side: _counts(run["requests"] for run in side)),
        both(lambda side: f"{middle(side, 'sent') / size:.2f}"),
        both(outcome),
        both(lambda side: f"{max(run['peak'] for run in side) / 1024:.0f}"),
    ]
    return f"| {' | '.join(first + times)} |", f"| {' | '.join(first + costs)} |"


def tables(records: list[Record], limit: float) -> str:
    """All comparisons in the order in which they first ran: how long they took, and what they cost."""
    groups: dict[tuple[str, ...], list[Record]] = {}
    for record in records:
        key = (record["case"], record["server"], record["a_name"], record["b_name"])
        groups.setdefault(key, []).append(record)
    found = [rows(group, limit) for group in groups.values()]

    def under(head: str, lines: Iterable[str]) -> str:
        return "\n".join([head, "|---" * (head.count("|") - 1) + "|", *lines])

    return under(TIMES, (times for times, _ in found)) + "\n\n" + under(COSTS, (costs for _, costs in found))
