"""Figures out of the recorded runs, as Markdown."""

import statistics
from collections.abc import Iterable
from typing import Any

Record = dict[str, Any]
# Of fewer pairs that ran undisturbed nothing is claimed without the mark.
ENOUGH = 3

HEAD = (
    "| case | server | A | B | pairs (left out) | wall A s | wall B s | wall A/B | CPU A s | CPU B s | CPU A/B "
    "| server CPU A, B s | requests A, B | bytes A, B | result A, B | peak MiB A, B | others % |"
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


def row(pairs: list[Record], limit: float) -> str:
    """One comparison. Pairs that others disturbed are left out, unless too few remain: then all count, and a mark says so."""
    calm = [pair for pair in pairs if pair["others"] <= limit]
    wanted = min(ENOUGH, len(pairs))
    used, mark = (calm, "") if len(calm) >= wanted else (pairs, " †")
    first, second = [pair["a"] for pair in used], [pair["b"] for pair in used]
    size = pairs[0]["size"]
    both = [run["code"] == 0 for run in first + second]

    def ratios(what: str) -> str:
        if not all(both):
            return "-"
        return spread((a[what] / b[what] for a, b in zip(first, second, strict=True) if b[what] > 0), 2)

    digits = 2 if size >= 100_000_000 else 3
    cells = [
        pairs[0]["case"],
        pairs[0]["server"],
        pairs[0]["a_name"],
        pairs[0]["b_name"],
        f"{len(used)} ({len(pairs) - len(used)}){mark}",
        spread((run["wall"] for run in first), digits),
        spread((run["wall"] for run in second), digits),
        ratios("wall"),
        spread((run["cpu"] for run in first), digits),
        spread((run["cpu"] for run in second), digits),
        ratios("cpu"),
        ", ".join(f"{statistics.median(run['server_cpu'] for run in side):.{digits}f}" for side in (first, second)),
        ", ".join(_counts(run["requests"] for run in side) for side in (first, second)),
        ", ".join(f"{statistics.median(run['sent'] for run in side) / size:.2f}" for side in (first, second)),
        ", ".join(outcome(side) for side in (first, second)),
        ", ".join(f"{max(run['peak'] for run in side) / 1024:.0f}" for side in (first, second)),
        spread((100 * pair["others"] for pair in used), 0),
    ]
    return "| " + " | ".join(cells) + " |"


def table(records: list[Record], limit: float) -> str:
    """All comparisons in the order in which they first ran."""
    groups: dict[tuple[str, ...], list[Record]] = {}
    for record in records:
        key = (record["case"], record["server"], record["a_name"], record["b_name"])
        groups.setdefault(key, []).append(record)
    rows = [row(group, limit) for group in groups.values()]
    return "\n".join([HEAD, "|---" * HEAD.count(" | ") + "|---|", *rows])
