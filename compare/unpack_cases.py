"""What is unpacked, over which link, and how towline and uv are told to."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass

import inputs
from inputs import Archive

PACE = 50_000_000
# See cases.py for the send buffer.
PACED = """
[[rule]]
on = "/files/*"
act = [{{ {pace} = {rate} }}, {{ send-buffer = 1048576 }}]
"""


@dataclass(frozen=True)
class Site:
    """What a command may need to know."""

    towline: str
    uv: str
    index: str  # URL of the package index
    files: str  # URL of the folder with the archives
    downloads: str  # URL of the list of interpreters


@dataclass(frozen=True)
class Unpacker:
    """A program that makes the tree below `out`, with an empty cache at `cache`."""

    name: str
    command: Callable[[Site, "Unpacking", list[Archive]], list[str]]
    once: bool = False


@dataclass(frozen=True)
class Unpacking:
    """Archives that both programs turn into a tree."""

    name: str
    group: str  # a file of wheels/, or the ending of an interpreter
    paced: bool
    aim: float  # largest wall time as a share of uv's; of a paced link see `unpack_table`
    times: int = 10
    block: int = 1
    limit: float = 120.0

    @property
    def server(self) -> str:
        return "towline-faults" if self.paced else "nginx"

    server_name = server

    @property
    def script(self) -> str:
        """For towline-faults. A shared pace makes up for no moment in which nobody sends, so with one file it would be half as fast."""
        return PACED.format(pace="shared-pace" if self.group == "twenty" else "pace", rate=PACE)

    @property
    def is_interpreter(self) -> bool:
        return self.group.startswith("tar.")

    @property
    def pairs(self) -> list[tuple[Unpacker, Unpacker]]:
        return [(TOWLINE, UV_PYTHON if self.is_interpreter else UV)]

    def archives(self, kept: str) -> list[Archive]:
        return inputs.interpreter(self.group, kept) if self.is_interpreter else inputs.wheels(self.group, kept)


def _towline(site: Site, _: Unpacking, archives: list[Archive]) -> list[str]:
    urls = [f"{site.files}/{archive.name}#sha256={archive.sha256}" for archive in archives]
    return [site.towline, "get", *urls, "--unpack", "-d", "out", "--cache-dir", "cache"]


def _uv(site: Site, case: Unpacking, _: list[Archive]) -> list[str]:
    return [site.uv, "pip", "install", "--no-config", "--cache-dir", "cache", "--target", "out", "--no-deps", "--require-hashes",
            "--no-compile-bytecode", "-r", inputs.requirements(case.group), "--default-index", site.index,
            "--python", sys.executable, "--python-version", inputs.PYTHON, "--python-platform", inputs.PLATFORM]  # fmt: skip


def _uv_python(site: Site, _: Unpacking, __: list[Archive]) -> list[str]:
    version = inputs.INTERPRETER.split("-")[1]
    return [site.uv, "python", "install", "--no-config", "--cache-dir", "cache", "-i", "out", "--no-bin",
            "--python-downloads-json-url", site.downloads, version]  # fmt: skip


TOWLINE = Unpacker("towline", _towline)
UV = Unpacker("uv", _uv)
UV_PYTHON = Unpacker("uv python", _uv_python)


def shown(tool: Unpacker, case: Unpacking) -> str:
    """The command as people would type it."""
    words = tool.command(Site("towline", "uv", "INDEX", "URL", "LIST"), case, [])
    if tool is TOWLINE:
        words.insert(2, "URL#sha256=HEX…")
    return " ".join(words).replace(os.path.join(inputs.HERE, "wheels"), "compare/wheels").replace(sys.executable, "PYTHON")


KINDS = [
    ("tensorflow-cpu: many members, one of 788 MB", "tensorflow", 0.65),
    ("jaxlib: one member of 350 MB dominates", "jaxlib", 0.80),
    ("21 wheels", "twenty", 0.75),
    ("ansible: many small files", "ansible", 0.60),
    ("interpreter, tar.gz", "tar.gz", 0.80),
    ("interpreter, tar.zst", "tar.zst", 0.80),
]
UNPACKINGS = [
    Unpacking(f"unpack {name}{', 50 MB/s' if paced else ''}", group, paced, aim)
    for paced in (False, True)
    for name, group, aim in KINDS
]
