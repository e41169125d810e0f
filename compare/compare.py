#!/usr/bin/env python3
"""Compares `towline get` with curl, wget and aria2c on loopback. See README.md."""

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
from cases import CASES, Case
from tools import Tool

HERE = os.path.dirname(os.path.abspath(__file__))
# ext4 is slow to create files soon after many were deleted.
PAUSE_AFTER_DELETION = 40.0
# What smaller cases leave waits for the end.
LARGE = 100_000_000


class Bench:
    """A working folder with the files that are served."""

    def __init__(self, options: argparse.Namespace):
        self.options = options
        target = options.bin or os.path.join(build_folder(), "release")
        self.towline = os.path.join(target, "towline")
        self.faults = os.path.join(target, "towline-faults")
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

    def tidy(self) -> None:
        """Deletes what the runs left, after a comparison; then the file system gets its time."""
        deleted = 0
        for name in os.listdir(self.work):
            if name.startswith("run-"):
                shutil.rmtree(os.path.join(self.work, name))
                deleted += 1
        if deleted and not self.options.hasty:
            time.sleep(PAUSE_AFTER_DELETION)


def build_folder() -> str:
    return os.environ.get("CARGO_TARGET_DIR", os.path.join(HERE, "..", "target"))


def pairs(bench: Bench, case: Case, ours: Tool, peer: Tool) -> list[dict[str, Any]]:
    """Runs two tools in turn until enough pairs were undisturbed, or patience ends."""
    options = bench.options
    wanted = 1 if peer.once else (options.pairs or case.times)
    block = 1 if peer.once else min(case.block, wanted)
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
            for a, b in done:
                records.append(
                    {
                        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
                        "case": case.name, "size": case.size, "server": server.name, "others": share, "nice": options.nice or 0,
                        "a_name": ours.name, "a": asdict(a), "b_name": peer.name, "b": asdict(b),
                    }
                )  # fmt: skip
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


def heading(bench: Bench) -> str:
    versions = [*tools.versions(bench.towline), servers.Faults.version(bench.faults), servers.Nginx.version() or "no nginx"]
    today = datetime.datetime.now(datetime.UTC).date()
    used = {tool.name: tool.shown() for case in CASES for pair in case.pairs for tool in pair}
    flags = "\n".join(f"- {name}: `{shell}`" for name, shell in used.items())
    return f"{today}, {machine()}\n\nVersions: {'; '.join(versions)}\n\n{flags}\n"


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="cases whose name and server contain this text, as in `17 MB, clean/nginx`")
    parser.add_argument("--peer", default="", help="only peers whose name contains this text")
    parser.add_argument("--pairs", type=int, help="pairs of runs instead of each case's own number")
    parser.add_argument("--others", type=float, default=0.15,
                        help="largest share of all cores that other processes may use during a pair [default: 0.15]")  # fmt: skip
    parser.add_argument("--patience", type=float, default=60, help="seconds to wait for quiet cores before a pair [default: 60]")
    parser.add_argument("--tries", type=int, default=3, help="pairs tried for each that is wanted [default: 3]")
    parser.add_argument("--folder", help="where the files go: some 12 GB [default: the system's]")
    parser.add_argument("--bin", help="folder with towline and towline-faults; without it they are built")
    parser.add_argument("--record", help="add every pair to this file as a line of JSON")
    parser.add_argument("--from", dest="earlier", nargs="*", default=[], help="only print the table of recorded files")
    parser.add_argument("--nice", type=int, help="run everything at this priority, as root below 0: -20 where other work cannot be stopped")
    parser.add_argument("--hasty", action="store_true", help="no pause after deletions: for trying this script out")
    return parser.parse_args()


def load(paths: list[str]) -> list[dict[str, Any]]:
    records = []
    for path in paths:
        with open(path) as lines:
            records += [json.loads(line) for line in lines]
    return records


def main() -> None:
    options = read_options()
    if options.earlier:
        print(table.tables(load(options.earlier), options.others))
        return
    if missing := tools.missing():
        raise SystemExit(f"missing: {', '.join(missing)}; on Debian: apt-get install curl wget aria2 coreutils openssl nginx-light")
    if not options.bin:
        subprocess.run(["cargo", "build", "--release", "-p", "towline", "-p", "towline-faults"], cwd=os.path.join(HERE, ".."), check=True)
    if options.nice is not None:
        measure.prefer(options.nice)
    # As an exception, so that server and folder do not stay behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))
    bench = Bench(options)
    records: list[dict[str, Any]] = []
    try:
        for case in CASES:
            if options.only not in f"{case.name}/{case.server}" or (case.server == "nginx" and not servers.Nginx.version()):
                continue
            bench.make(case.file, case.size)
            for ours, peer in case.pairs:
                if options.peer not in peer.name:
                    continue
                fresh = pairs(bench, case, ours, peer)
                records += fresh
                if options.record:
                    with open(options.record, "a") as out:
                        out.writelines(json.dumps(record) + "\n" for record in fresh)
                if case.size >= LARGE:
                    bench.tidy()
        print(heading(bench))
        print(table.tables(records, options.others))
    finally:
        shutil.rmtree(bench.work)


if __name__ == "__main__":
    main()
