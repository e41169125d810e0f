"""What is unpacked or downloaded as a set, over which link, and how towline, uv and pip are told to."""

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
    """Archives that both programs bring, most of them as trees."""

    name: str
    group: str  # a file of wheels/, or the ending of an interpreter
    paced: bool
    aim: float  # largest wall time as a share of uv's; of a paced link see `unpack_table`
    how: str = "urls"  # "set": found on the index; "fill": the same, and not unpacked
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
        if self.how != "urls":
            return [(TOWLINE_FILL, PIP) if self.how == "fill" else (TOWLINE_SET, UV)]
        return [(TOWLINE, UV_PYTHON if self.is_interpreter else UV)]

    def archives(self, kept: str) -> list[Archive]:
        return inputs.interpreter(self.group, kept) if self.is_interpreter else inputs.wheels(self.group, kept)


def _towline(site: Site, _: Unpacking, archives: list[Archive]) -> list[str]:
    urls = [f"{site.files}/{archive.name}#sha256={archive.sha256}" for archive in archives]
    return [site.towline, "get", *urls, "--unpack", "-d", "out", "--cache-dir", "cache"]


def _towline_fill(site: Site, case: Unpacking, _: list[Archive]) -> list[str]:
    return [site.towline, "download", "-r", inputs.requirements(case.group), "-d", "out", "--index-url", site.index,
            "--python-version", inputs.PYTHON, "--platform", inputs.TAGS[0], "--cache-dir", "cache"]  # fmt: skip


def _towline_set(site: Site, case: Unpacking, archives: list[Archive]) -> list[str]:
    return [*_towline_fill(site, case, archives), "--unpack"]


def _pip(site: Site, case: Unpacking, _: list[Archive]) -> list[str]:
    return [sys.executable, "-m", "pip", "download", "-q", "--isolated", "--disable-pip-version-check", "--cache-dir", "cache", "--no-deps",
            "--require-hashes", "--only-binary=:all:", "-r", inputs.requirements(case.group), "-d", "out", "--index-url", site.index,
            "--python-version", inputs.PYTHON, "--implementation", "cp", *(f"--platform={tag}" for tag in inputs.TAGS)]  # fmt: skip


def _uv(site: Site, case: Unpacking, _: list[Archive]) -> list[str]:
    return [site.uv, "pip", "install", "--no-config", "--cache-dir", "cache", "--target", "out", "--no-deps", "--require-hashes",
            "--no-compile-bytecode", "-r", inputs.requirements(case.group), "--default-index", site.index,
            "--python", sys.executable, "--python-version", inputs.PYTHON, "--python-platform", inputs.PLATFORM]  # fmt: skip


def _uv_python(site: Site, _: Unpacking, __: list[Archive]) -> list[str]:
    version = inputs.INTERPRETER.split("-")[1]
    return [site.uv, "python", "install", "--no-config", "--cache-dir", "cache", "-i", "out", "--no-bin",
            "--python-downloads-json-url", site.downloads, version]  # fmt: skip


TOWLINE = Unpacker("towline", _towline)
TOWLINE_SET = Unpacker("towline download --unpack", _towline_set)
TOWLINE_FILL = Unpacker("towline download", _towline_fill)
PIP = Unpacker("pip download", _pip)
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
] + [
    Unpacking("set of 21 wheels, from an index, unpacked", "twenty", False, 0.75, "set"),
    Unpacking("set of 21 wheels, from an index, into a folder", "twenty", False, 0.50, "fill"),
]
