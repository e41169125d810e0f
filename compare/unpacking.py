"""Runs towline and uv or pip on the same archives, from the same server."""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from typing import Any

import inputs
import measure
import scratch
import servers
import trees
from inputs import Archive
from unpack_cases import Site, Unpacker, Unpacking

FAULTS = "127.0.0.1:8468"


class Origin:
    """nginx with index and archives; where the link is paced, the archives come from towline-faults."""

    def __init__(self, nginx: servers.Nginx, paced: servers.Faults | None):
        self.nginx, self.paced = nginx, paced
        self.name = "towline-faults" if paced else "nginx"
        self.files = paced.url if paced else nginx.url + "/files"
        self.last = 0.0

    def pids(self) -> list[int]:
        return self.nginx.pids() + (self.paced.pids() if self.paced else [])

    def log(self) -> tuple[int, int]:
        requests, sent = self.nginx.log()
        self.last = self.nginx.last
        if self.paced:
            more, bodies = self.paced.log()
            self.last = self.paced.last
            return requests + more, sent + bodies
        return requests, sent

    def stop(self) -> None:
        self.nginx.stop()
        if self.paced:
            self.paced.stop()


class UnpackBench:
    """A working folder with an index, archives and what the runs make of them."""

    def __init__(self, options: argparse.Namespace, towline: str, faults: str, uv: str):
        self.options, self.towline, self.faults, self.uv = options, towline, faults, uv
        self.kept = inputs.folder(options.inputs)
        self.work = tempfile.mkdtemp(prefix="towline-unpack-", dir=options.folder)
        os.chmod(self.work, 0o755)
        self.root = os.path.join(self.work, "root")
        os.makedirs(os.path.join(self.root, "files"))
        with open(os.path.join(self.root, "small.bin"), "wb") as small:
            small.write(b"\0")
        self.scratch = (scratch.Loop if options.loop else scratch.Scratch)(self.work, options.hasty)
        self.seed = os.path.join(self.work, "seed")
        self.runs = 0
        self.compared: dict[str, dict[str, Any]] = {}
        self.site: Site | None = None

    def size(self, case: Unpacking) -> int:
        """Bytes of the archives."""
        return sum(archive.size for archive in case.archives(self.kept))

    def prepare(self, case: Unpacking) -> None:
        """Places the archives where the servers find them, and asks the interpreter once what uv wants to know of it."""
        for archive in case.archives(self.kept):
            place = os.path.join(self.root, "files", archive.name)
            if os.path.exists(place):
                continue
            try:
                os.link(archive.path, place)
            except OSError:
                shutil.copyfile(archive.path, place)
            if archive.name.endswith(".whl"):
                with open(place + ".metadata", "wb") as out:
                    out.write(inputs.metadata(archive.path))
        if not os.path.exists(self.seed):
            command = [self.uv, "pip", "list", "-q", "--no-config", "--cache-dir", self.seed, "--python", sys.executable]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    def serve(self, case: Unpacking) -> Origin:
        self.prepare(case)
        nginx = servers.Nginx(self.root, self.work)
        paced = None
        try:
            if case.paced:
                flags = ["--listen", FAULTS]
                paced = servers.Faults(self.faults, os.path.join(self.root, "files"), self.work, flags, case.script)
        except BaseException:
            nginx.stop()
            raise
        origin = Origin(nginx, paced)
        for archive in case.archives(self.kept):
            self.list(archive, origin.files)
        self.site = Site(self.towline, self.uv, nginx.url + "/simple/", origin.files, nginx.url + "/python.json")
        return origin

    def list(self, archive: Archive, files: str) -> None:
        """Enters an archive into the index, or into the list of interpreters."""
        url = f"{files}/{archive.name}"
        if not archive.name.endswith(".whl"):
            major, minor, patch = map(int, inputs.INTERPRETER.split("-")[1].split("."))
            entry = {"name": "cpython", "arch": {"family": "x86_64", "variant": None}, "os": "linux", "libc": "gnu",
                     "major": major, "minor": minor, "patch": patch, "prerelease": "", "url": url, "sha256": archive.sha256,
                     "variant": None, "build": "20260101"}  # fmt: skip
            with open(os.path.join(self.root, "python.json"), "w") as out:
                json.dump({f"cpython-{major}.{minor}.{patch}-linux-x86_64-gnu": entry}, out)
            return
        page = os.path.join(self.root, "simple", archive.name.split("-")[0].replace("_", "-"))
        os.makedirs(page, exist_ok=True)
        with open(os.path.join(self.root, "files", archive.name + ".metadata"), "rb") as metadata:
            digest = hashlib.sha256(metadata.read()).hexdigest()
        known = f'data-core-metadata="sha256={digest}" data-dist-info-metadata="sha256={digest}"'
        with open(os.path.join(page, "index.html"), "w") as out:
            out.write(f'<!DOCTYPE html><html><body><a href="{url}#sha256={archive.sha256}" {known}>{archive.name}</a></body></html>')

    def one(self, tool: Unpacker, case: Unpacking, server: Origin) -> tuple[measure.Run, float]:
        """One run in a fresh folder, and the CPU seconds of others meanwhile."""
        assert self.site is not None
        self.runs += 1
        folder = os.path.join(self.scratch.place, f"run-{self.runs}")
        os.makedirs(os.path.join(folder, "cache"))
        if tool.name.startswith("uv"):
            for name in os.listdir(self.seed):
                if name.startswith("interpreter-"):
                    shutil.copytree(os.path.join(self.seed, name), os.path.join(folder, "cache", name))
        archives = case.archives(self.kept)
        env = {"PATH": os.environ["PATH"], "HOME": folder, "LC_ALL": "C"}
        # Of a small program's child the kernel tells the true peak.
        command = ["/usr/bin/time", "-f", "%M", "-o", "peak.txt", *tool.command(self.site, case, archives)]
        # What the run before has written is not this one's business.
        os.sync()
        for archive in archives:
            with open(archive.path, "rb") as served:
                while served.read(measure.CHUNK):
                    pass
        measure.touch(sum(archive.size + archive.unpacked for archive in archives))
        pids = server.pids()
        others = measure.Others(pids)
        run = measure.run(command, folder, env, case.limit, pids)
        disturbed = others.share() * run.wall
        requests, sent = server.log()
        with open(os.path.join(folder, "peak.txt")) as told:
            peak = int(told.read().split()[-1])
        files, size, right = self.check(tool, case, folder)
        run = replace(run, requests=requests, sent=sent, right=right, files=files, bytes=size, peak=peak, after=run.ended - server.last)
        return run, disturbed

    def check(self, tool: Unpacker, case: Unpacking, folder: str) -> tuple[int, int, bool]:
        """Files and bytes of the tree, and whether they are as many as they should be. Large files give their room back."""
        out = os.path.join(folder, "out")
        if not os.path.isdir(out):
            return 0, 0, False
        files, size = trees.survey(out)
        archives = case.archives(self.kept)
        if case.how == "fill":
            found = trees.sizes(out)
            right = found == {archive.name: archive.size for archive in archives}
            trees.shrink(folder)
            return files, size, right
        if tool.name.startswith("towline"):
            wanted = sum(archive.members for archive in archives), sum(archive.unpacked for archive in archives)
            right = (files, size) == wanted and {archive.tree for archive in archives} == set(os.listdir(out))
        else:
            # uv adds and rewrites; what is the same in both trees is compared once.
            right = files >= sum(archive.members for archive in archives)
        self.compare(tool, case, out)
        trees.shrink(folder)
        return files, size, right

    def compare(self, tool: Unpacker, case: Unpacking, out: str) -> None:
        """Keeps the first tree of each program, and says in what the two differ."""
        known = self.compared.setdefault(case.group, {})
        name = tool.name.split()[0]
        if name in known or "said" in known:
            return
        found = trees.sizes(out)
        if name == "towline" or case.is_interpreter:
            # Each archive has a folder of its own here; a link of uv's stands beside the interpreter's.
            found = {path.split("/", 1)[1]: size for path, size in found.items() if "/" in path}
        known[name] = found
        if len(known) < 2:
            return
        ours = known.pop("towline")
        (peer, theirs), = known.items()
        ours = {path.removeprefix("python/"): size for path, size in ours.items()}
        missing = sorted(path for path in ours if path not in theirs)
        differ = sorted(path for path in ours if path in theirs and ours[path] != theirs[path])
        more = sorted(path for path in theirs if path not in ours)

        def some(paths: list[str]) -> str:
            return f"{len(paths)} ({', '.join(paths[:4])}{', …' if len(paths) > 4 else ''})" if paths else "none"

        known.clear()
        known["said"] = (
            f"{case.group}: {len(ours) - len(missing) - len(differ)} paths with the same size; of another size {some(differ)}; "
            f"only in towline's tree {some(missing)}; only in that of {peer} {some(more)}"
        )
        print(f"  trees of {known['said']}", file=sys.stderr)

    def tidy(self) -> None:
        """After a comparison."""
        self.scratch.renew()

    def close(self) -> None:
        self.scratch.close()
        shutil.rmtree(self.work)
