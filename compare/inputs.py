"""Real archives to unpack: wheels of the index, and an interpreter made from the one that runs this script."""

import hashlib
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from functools import cache

HERE = os.path.dirname(os.path.abspath(__file__))
# What the wheels are for; uv is told the same.
PYTHON, PLATFORM = "3.12", "x86_64-manylinux_2_28"
TAGS = ["manylinux_2_28_x86_64", "manylinux_2_27_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64"]
INTERPRETER = f"cpython-{sys.version_info[0]}.{sys.version_info[1]}.{sys.version_info[2]}-linux-x86_64-install_only"
# Other programs have scripts in `bin` too.
OF_PYTHON = re.compile(r"(python|pip|pydoc|idle|2to3)[\w.-]*")


@dataclass(frozen=True)
class Archive:
    """A file to serve, and what is in it."""

    path: str
    sha256: str
    size: int
    members: int  # files and links
    unpacked: int  # bytes of the files

    @property
    def name(self) -> str:
        return os.path.basename(self.path)

    @property
    def tree(self) -> str:
        """The folder that towline makes of it."""
        return re.sub(r"(\.whl|\.tar\.gz|\.tar\.zst)$", "", self.name)


def folder(wanted: str | None) -> str:
    """Where the archives are kept between runs."""
    default = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "towline-compare")
    return os.path.abspath(wanted or default)


def requirements(group: str) -> str:
    return os.path.join(HERE, "wheels", f"{group}.txt")


@cache
def wheels(group: str, kept: str) -> list[Archive]:
    """The wheels of a file with requirements; fetched with pip if they are not there."""
    place = os.path.join(kept, "wheels")
    os.makedirs(place, exist_ok=True)
    with open(requirements(group)) as lines:
        wanted = re.findall(r"^([\w-]+)==([\w.]+) --hash=sha256:(\w{64})$", lines.read(), re.MULTILINE)
    found = [_kept(place, name, version) for name, version, _ in wanted]
    if None in found:
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:", "--require-hashes",
                   "-r", requirements(group), "-d", place, "--python-version", PYTHON, "--implementation", "cp"]  # fmt: skip
        subprocess.run([*command, *(f"--platform={tag}" for tag in TAGS)], check=True)
        found = [_kept(place, name, version) for name, version, _ in wanted]
    archives = []
    for path, (name, version, digest) in zip(found, wanted, strict=True):
        if path is None or sha256(path) != digest:
            raise SystemExit(f"no {name} {version} with the digest of {requirements(group)} in {place}: delete it there and try again")
        with zipfile.ZipFile(path) as opened:
            members = [member.file_size for member in opened.infolist() if not member.is_dir()]
        archives.append(Archive(path, digest, os.path.getsize(path), len(members), sum(members)))
    return archives


def _kept(place: str, name: str, version: str) -> str | None:
    start = f"{name.replace('-', '_')}-{version}-".lower()
    return next((os.path.join(place, file) for file in os.listdir(place) if file.lower().startswith(start)), None)


@cache
def interpreter(ending: str, kept: str) -> list[Archive]:
    """An interpreter in the layout of python-build-standalone's `install_only`, as `tar.gz` or `tar.zst`."""
    os.makedirs(kept, exist_ok=True)
    path = os.path.join(kept, f"{INTERPRETER}.{ending}")
    plain = os.path.join(kept, f"{INTERPRETER}.tar")
    if not os.path.exists(plain):
        with tarfile.open(plain + ".new", "w", format=tarfile.GNU_FORMAT) as tar:
            for part in ("bin", "include", "lib", "share"):
                tar.add(os.path.join(sys.base_prefix, part), f"python/{part}", filter=_of_python)
        os.rename(plain + ".new", plain)
    if not os.path.exists(path):
        command = ["gzip", "-n", "-9", "-c"] if ending.endswith("gz") else ["zstd", "-q", "-19", "-c"]
        with open(plain, "rb") as text, open(path + ".new", "wb") as out:
            subprocess.run(command, stdin=text, stdout=out, check=True)
        os.rename(path + ".new", path)
    with tarfile.open(plain) as tar:
        sizes = [member.size for member in tar if not member.isdir()]
    return [Archive(path, sha256(path), os.path.getsize(path), len(sizes), sum(sizes))]


def _of_python(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    parts = member.name.split("/")[1:]
    if parts[-1] == "__pycache__" or (parts[0] == "bin" and len(parts) > 1 and not OF_PYTHON.fullmatch(parts[1])):
        return None
    # Of what was installed later only pip, which is part of the release too.
    if "site-packages" in parts[:-1] and not parts[parts.index("site-packages") + 1].startswith("pip"):
        return None
    if not (member.isfile() or member.isdir() or member.issym() or member.islnk()):
        return None
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    return member


@cache
def sha256(path: str) -> str:
    with open(path, "rb") as found:
        return hashlib.file_digest(found, "sha256").hexdigest()


def metadata(wheel: str) -> bytes:
    """METADATA of a wheel, which an index serves beside it (PEP 658)."""
    with zipfile.ZipFile(wheel) as opened:
        name = next(name for name in opened.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", name))
        return opened.read(name)
