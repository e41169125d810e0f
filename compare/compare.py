#!/usr/bin/env python3
"""Compares `towline get` with curl, wget and aria2c, and `towline get --unpack` with uv, on loopback. See README.md."""

import argparse
import datetime
import hashlib
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, replace
from typing import Any

import measure
import servers
import table
import tools
import unpack_cases
import unpack_table
from cases import CASES, Case
from tools import Tool
from unpack_cases import UNPACKINGS, Unpacking
from unpacking import UnpackBench

HERE = os.path.dirname(os.path.abspath(__file__))
# ext4 is slow to create files soon after many were deleted.
PAUSE_AFTER_DELETION = 40.0
# What smaller cases leave waits for the end.
LARGE = 100_000_000


class Bench:
    """A working folder with the files that are served."""

    def __init__(self, options: argparse.Namespace):
        self.options = options
        self.towline, self.faults = programs(options)
        self.work = tempfile.mkdtemp(prefix="towline-compare-", dir=options.folder)
        os.chmod(self.work, 0o755)
        self.files = os.path.join(self.work, "files")
        os.mkdir(self.files)
        self.digests: dict[str, str] = {}
        self.runs = 0
        self.make("small.bin", 1)

    def make(self, name: str, size: int) -> None:
        """A file that compresses as badly as a wheel does."""
        if name in self.digests:
            return
        digest = hashlib.sha256()
        with open(os.path.join(self.files, name), "wb") as out:
            for at in range(0, size, measure.CHUNK):
                piece = os.urandom(min(measure.CHUNK, size - at))
                out.write(piece)
                digest.update(piece)
            os.fsync(out.fileno())
        self.digests[name] = digest.hexdigest()

    @staticmethod
    def size(case: Case) -> int:
        return case.size

    def serve(self, case: Case) -> servers.Server:
        if case.server == "nginx":
            return servers.Nginx(self.files, self.work)
        return servers.Faults(self.faults, self.files, self.work, case.flags, case.script)

    def one(self, tool: Tool, case: Case, server: servers.Server) -> tuple[measure.Run, float]:
        """One run in a fresh folder, and the CPU seconds of others meanwhile."""
        self.runs += 1
        folder = os.path.join(self.work, f"run-{self.runs}")
        os.mkdir(folder)
        env = {"PATH": os.environ["PATH"], "HOME": folder, "LC_ALL": "C"}
        sha256 = self.digests[case.file]
        command = tool.command(f"{server.url}/{case.file}", sha256, self.towline)
        with open(os.path.join(self.files, case.file), "rb") as served:
            while served.read(measure.CHUNK):
                pass
        measure.touch(int(case.size * 1.2))
        pids = server.pids()
        others = measure.Others(pids)
        run = measure.run(command, folder, env, case.limit, pids)
        disturbed = others.share() * run.wall
        requests, sent = server.log()
        return replace(run, requests=requests, sent=sent, right=self.check(folder, sha256)), disturbed

    def check(self, folder: str, sha256: str) -> bool:
        """Whether the right bytes are at the place; then they leave memory, not the disk: nothing is deleted between runs."""
        path = os.path.join(folder, "out")
        if not os.path.exists(path):
            return False
        digest = hashlib.sha256()
        with open(path, "rb") as found:
            while piece := found.read(measure.CHUNK):
                digest.update(piece)
            os.fsync(found.fileno())
            os.posix_fadvise(found.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        return digest.hexdigest() == sha256

    def close(self) -> None:
        shutil.rmtree(self.work)

    def tidy(self) -> None:
        """Deletes what the runs left, after a comparison; then the file system gets its time."""
        deleted = 0
        for name in os.listdir(self.work):
            if name.startswith("run-"):
                shutil.rmtree(os.path.join(self.work, name))
                deleted += 1
        if deleted and not self.options.hasty:
            time.sleep(PAUSE_AFTER_DELETION)


def programs(options: argparse.Namespace) -> tuple[str, str]:
    target = options.bin or os.path.join(os.environ.get("CARGO_TARGET_DIR", os.path.join(HERE, "..", "target")), "release")
    return os.path.join(target, "towline"), os.path.join(target, "towline-faults")


def keep(options: argparse.Namespace, fresh: list[dict[str, Any]]) -> None:
    if options.record:
        with open(options.record, "a") as out:
            out.writelines(json.dumps(record) + "\n" for record in fresh)


def pairs(bench: Any, case: Any, ours: Any, peer: Any, done_before: int) -> list[dict[str, Any]]:
    """Runs two tools in turn until enough pairs were undisturbed, or patience ends."""
    options = bench.options
    wanted = max(0, (1 if peer.once else (options.pairs or case.times)) - done_before)
    if not wanted:
        return []
    block = min(case.block, wanted)
    server = bench.serve(case)
    records: list[dict[str, Any]] = []
    good = 0
    try:
        for attempt in range(options.tries * -(-wanted // block)):
            if good >= wanted:
                break
            measure.quiet(options.others, options.patience)
            done, disturbed, wall = [], 0.0, 0.0
            for at in range(block):
                runs = {}
                # Who goes first changes, so that neither always follows the other.
                for tool in (ours, peer) if (attempt + at) % 2 == 0 else (peer, ours):
                    runs[tool.name], spoiled = bench.one(tool, case, server)
                    disturbed += spoiled
                    wall += runs[tool.name].wall
                done.append((runs[ours.name], runs[peer.name]))
            share = disturbed / wall
            good += block if share <= options.others else 0
            fresh = [
                {
                    "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
                    "case": case.name, "size": bench.size(case), "server": server.name, "others": share, "nice": options.nice or 0,
                    "a_name": ours.name, "a": asdict(a), "b_name": peer.name, "b": asdict(b),
                }
                for a, b in done
            ]  # fmt: skip
            keep(options, fresh)
            records += fresh
            ratio = sum(a.wall for a, _ in done) / sum(b.wall for _, b in done)
            print(f"  {case.name} / {server.name}: {ours.name} : {peer.name} = {ratio:.2f}, others {100 * share:.0f} %",
                  file=sys.stderr)  # fmt: skip
    finally:
        server.stop()
    return records


def machine() -> str:
    model = "unknown processor"
    with open("/proc/cpuinfo") as info:
        model = next((line.split(":", 1)[1].strip() for line in info if line.startswith("model name")), model)
    return f"{measure.CORES} cores ({model}), {platform.system()} {platform.release()}"


def heading(options: argparse.Namespace, found: list[Any]) -> str:
    towline, faults = programs(options)
    versions = [servers.Faults.version(faults), servers.Nginx.version() or "no nginx"]
    used: dict[str, str] = {}
    if any(isinstance(case, Case) for case in found):
        versions = tools.versions(towline) + versions
        used |= {tool.name: tool.shown() for case in CASES for pair in case.pairs for tool in pair}
    unpacked = [case for case in found if isinstance(case, Unpacking)]
    if unpacked:
        versions += [version_of(towline), version_of(uv(options))]
        used |= {tool.name: unpack_cases.shown(tool, case) for case in unpacked for tool in case.pairs[0]}
    today = datetime.datetime.now(datetime.UTC).date()
    flags = "\n".join(f"- {name}: `{shell}`" for name, shell in used.items())
    return f"{today}, {machine()}\n\nVersions: {'; '.join(dict.fromkeys(versions))}\n\n{flags}\n"


def version_of(program: str) -> str:
    return " ".join(subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.split()[:2])


def uv(options: argparse.Namespace) -> str:
    return options.uv or shutil.which("uv") or ""


def missing(options: argparse.Namespace, found: list[Any]) -> list[str]:
    """What has to be installed for these cases."""
    lacking = tools.missing() if any(isinstance(case, Case) for case in found) else []
    if any(isinstance(case, Unpacking) for case in found):
        lacking += [program for program in ("nginx", "/usr/bin/time", "gzip", "zstd") if shutil.which(program) is None]
        lacking += ["root, for --loop"] if options.loop and os.geteuid() != 0 else []
        lacking += [] if uv(options) else ["uv (pip install uv)"]
    return lacking


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="cases whose name and server contain this text, as in `17 MB, clean/nginx`")
    parser.add_argument("--peer", default="", help="only peers whose name contains this text")
    parser.add_argument("--pairs", type=int, help="pairs of runs instead of each case's own number")
    parser.add_argument("--others", type=float, default=0.15,
                        help="largest share of all cores that other processes may use during a pair [default: 0.15]")  # fmt: skip
    parser.add_argument("--patience", type=float, default=60, help="seconds to wait for quiet cores before a pair [default: 60]")
    parser.add_argument("--tries", type=int, default=3, help="pairs tried for each that is wanted [default: 3]")
    parser.add_argument("--folder", help="where the files go: some 20 GB [default: the system's]")
    parser.add_argument("--bin", help="folder with towline and towline-faults; without it they are built")
    parser.add_argument("--record", help="add every pair to this file as a line of JSON")
    parser.add_argument("--resume", action="store_true", help="count the undisturbed pairs that --record has already, and run only the others")
    parser.add_argument("--uv", help="the uv to compare with [default: the one on the path]")
    parser.add_argument("--inputs", help="where the archives to unpack are kept between runs [default: towline-compare in the cache directory]")
    parser.add_argument("--from", dest="earlier", nargs="*", default=[], help="only print the table of recorded files")
    parser.add_argument("--nice", type=int, help="run everything at this priority, as root below 0: -20 where other work cannot be stopped")
    parser.add_argument("--loop", action="store_true",
                        help="unpack in an ext4 of its own, an image in --folder mounted by root: for machines where others delete files")  # fmt: skip
    parser.add_argument("--hasty", action="store_true", help="no pause after deletions: for trying this script out")
    return parser.parse_args()


def load(paths: list[str]) -> list[dict[str, Any]]:
    records = []
    for path in paths:
        with open(path) as lines:
            records += [json.loads(line) for line in lines]
    return records


def report(records: list[dict[str, Any]], limit: float) -> str:
    unpacked = {case.name for case in UNPACKINGS}
    fetched = [record for record in records if record["case"] not in unpacked]
    parts = [table.tables(fetched, limit) if fetched else "", unpack_table.tables(records, limit)]
    return "\n\n".join(part for part in parts if part)


def selected(options: argparse.Namespace) -> list[Case | Unpacking]:
    nginx = servers.Nginx.version() is not None
    known: list[Case | Unpacking] = [*CASES, *UNPACKINGS]
    found = [case for case in known if options.only in f"{case.name}/{case.server}"]
    return [case for case in found if nginx or isinstance(case, Unpacking) or case.server != "nginx"]


def compare(options: argparse.Namespace, bench: Any, cases: list[Any], before: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Runs the cases of one kind."""
    records = []
    for case in cases:
        if isinstance(case, Case):
            bench.make(case.file, case.size)
        for ours, peer in case.pairs:
            if options.peer not in peer.name:
                continue
            same = [
                record for record in before
                if (record["case"], record["server"], record["a_name"], record["b_name"]) == (case.name, case.server_name, ours.name, peer.name)
                and record["others"] <= options.others
            ]  # fmt: skip
            fresh = pairs(bench, case, ours, peer, len(same))
            records += fresh
            if fresh and (isinstance(case, Unpacking) or case.size >= LARGE):
                bench.tidy()
    return records


def main() -> None:
    options = read_options()
    if options.earlier:
        print(report(load(options.earlier), options.others))
        return
    cases = selected(options)
    if lacking := missing(options, cases):
        packages = "curl wget aria2 coreutils openssl nginx-light time gzip zstd"
        raise SystemExit(f"missing: {', '.join(lacking)}; on Debian: apt-get install {packages}")
    if not options.bin:
        subprocess.run(["cargo", "build", "--release", "-p", "towline", "-p", "towline-faults"], cwd=os.path.join(HERE, ".."), check=True)
    if options.nice is not None:
        measure.prefer(options.nice)
    # As an exception, so that server and folder do not stay behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))
    before = load([options.record]) if options.resume and options.record and os.path.exists(options.record) else []
    records = list(before)
    for kind, make in ((Case, Bench), (Unpacking, lambda it: UnpackBench(it, *programs(it), uv(it)))):
        mine = [case for case in cases if isinstance(case, kind)]
        if not mine:
            continue
        bench = make(options)
        try:
            records += compare(options, bench, mine, before)
        finally:
            bench.close()
    print(heading(options, cases))
    print(report(records, options.others))


if __name__ == "__main__":
    main()
