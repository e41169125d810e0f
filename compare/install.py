#!/usr/bin/env python3
"""Fills a folder from every form of a set of packages, by the real index, and lets pip and uv install from nothing but that folder.

The locks are those of the fixtures (`locks/big`), whose file URLs have a host that is none: `--mirror` says where the files are, as it
does for anyone whose lock names another host. Each form has to bring the same files; both installers have to take them, `pip check`
has to be content, and every module has to be importable. Prints a table, and ends with 1 if anything is amiss.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
import venv

HERE = os.path.dirname(os.path.abspath(__file__))
FIXTURES = os.environ.get("TOWLINE_FIXTURES", os.path.join(HERE, "..", "..", "shared", "fixtures"))
# The flags say what a form leaves to the user: pdm exports its group `dev` as one that is off. Those of `uv pip compile` are for Python
# 3.12 and later, and left out below.
FORMS = {
    "uv.lock": [],
    "pylock.uv-export.toml": [],
    "pylock.pdm-export.toml": ["--group", "dev"],
    "pylock.uv-compile.universal.toml": [],
    "pylock.pip-lock.py311-linux.toml": [],
    "requirements.uv-export.txt": [],
    "requirements.pdm-export.txt": [],
    "requirements.uv-compile.universal.txt": [],
    "requirements.pip-compile.py311-linux.txt": [],
}
# An sdist of the set says nothing of its build backend, which is then the first of these; older versions of pip want the second, too.
BACKEND = ["setuptools", "wheel"]
# `blackd` is of the extra `d` of black, which the set has not.
IMPORTS = """
import importlib, importlib.metadata as metadata
failed, done = [], 0
for dist in metadata.distributions():
    if dist.metadata["Name"] in ("pip", "setuptools", "wheel"):
        continue
    names = set()
    for path in dist.files or ():
        parts = path.parts
        if parts[0] == ".." or parts[0].endswith((".dist-info", ".pth")) or parts[0] == "__pycache__":
            continue
        if len(parts) > 1 and parts[-1] == "__init__.py" and len(parts) <= 3:
            names.add(".".join(parts[:-1]) if len(parts) == 2 or parts[0] == "zope" else parts[0])
        elif len(parts) == 1 and parts[0].endswith((".py", ".so")):
            names.add(parts[0].split(".")[0])
    for name in sorted(names - {'blackd'}):
        try:
            importlib.import_module(name)
            done += 1
        except BaseException as error:
            failed.append(f"{dist.metadata['Name']}: {name}: {error!r}")
print(done, "; ".join(failed) or "none")
"""


def run(command: list[str], **more: object) -> str:
    done = subprocess.run(command, capture_output=True, text=True, **more)  # type: ignore[call-overload]
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\nended with {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def fill(towline: str, path: str, folder: str, options: argparse.Namespace, cache: str) -> tuple[float, str]:
    """Seconds, and the last line that was told."""
    mirrors = [word for text in options.mirror for word in ("--mirror", text)]
    lock = [path] if path.endswith((".toml", ".lock")) else ["-r", path]
    command = [towline, "download", *lock, *FORMS[os.path.basename(path)], "-d", folder, "--python", sys.executable, "--cache-dir", cache, *mirrors]
    began = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\nended with {done.returncode}\n{done.stderr}")
    return time.monotonic() - began, done.stderr.splitlines()[-1]


def installed(tool: str, folder: str, place: str, wanted: str, uv: str) -> tuple[int, str]:
    """Installs into an environment of its own. How many modules were imported, and what is amiss."""
    venv.create(place, with_pip=True)
    python = os.path.join(place, "bin", "python")
    # Nothing of this machine's settings may help.
    clean = {"PATH": os.environ["PATH"], "HOME": place, "LC_ALL": "C.UTF-8"}
    if tool == "pip":
        run([python, "-m", "pip", "--isolated", "install", "-q", "--no-index", "--find-links", folder, "-r", wanted], env=clean)
    else:
        run([uv, "pip", "install", "-q", "--no-config", "--offline", "--no-index", "--find-links", folder, "-r", wanted,
             "--python", python, "--cache-dir", os.path.join(place, "cache")], env=clean)  # fmt: skip
    check = run([python, "-m", "pip", "--isolated", "check"], env=clean).strip()
    count, failed = run([python, "-c", IMPORTS], env=clean).strip().split(" ", 1)
    amiss = [text for text in (check if check != "No broken requirements found." else "", failed if failed != "none" else "") if text]
    return int(count), "; ".join(amiss)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--towline", default="towline", help="the program [default: the one on the path]")
    parser.add_argument("--uv", default="uv", help="uv [default: the one on the path]")
    parser.add_argument("--locks", default=os.path.join(FIXTURES, "locks", "big"), help="the folder with the forms")
    parser.add_argument("--mirror", action="append", default=[], help="OLD=NEW, as `towline download` takes it")
    parser.add_argument("--only", default="", help="forms whose name contains this text")
    options = parser.parse_args()
    wanted = os.path.join(options.locks, "requirements.in")
    amiss, first = [], None
    print("| form | files | seconds | told | pip: modules | uv: modules |\n|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="towline-install-") as work:
        for form in (form for form in FORMS if options.only in form):
            if "uv-compile" in form and sys.version_info < (3, 12):
                continue
            folder, cache = os.path.join(work, "folder"), os.path.join(work, "cache")
            seconds, told = fill(options.towline, os.path.join(options.locks, form), folder, options, cache)
            files = sorted(os.listdir(folder))
            first = first or files
            if set(files) != set(first):
                amiss.append(f"{form}: other files: {sorted(set(files) ^ set(first))}")
            run([options.towline, "download", *BACKEND, "-d", folder, "--python", sys.executable, "--cache-dir", cache])
            cells = []
            for tool in ("pip", "uv"):
                place = os.path.join(work, tool)
                count, wrong = installed(tool, folder, place, wanted, options.uv)
                cells.append(str(count))
                amiss += [f"{form}, {tool}: {wrong}"] if wrong else []
                shutil.rmtree(place)
            print(f"| {form} | {len(files)} | {seconds:.1f} | {told} | {' | '.join(cells)} |", flush=True)
            shutil.rmtree(folder)
            shutil.rmtree(cache)
    print("\n".join(amiss) or "\nAll the same files; both installers took them, `pip check` found nothing, every module was imported.")
    sys.exit(1 if amiss else 0)


if __name__ == "__main__":
    main()
