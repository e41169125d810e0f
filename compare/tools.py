"""The programs that are compared, and the flags they run with."""

import shlex
import shutil
import subprocess
from dataclasses import dataclass


@dataclass(frozen=True)
class Tool:
    """A way to bring one file into the working directory as `out`."""

    name: str
    shell: str  # with {url}, {sha256}, {towline}
    hashes: bool  # whether it checks the digest
    once: bool = False  # too slow, or too hopeless, for more than one run

    def command(self, url: str, sha256: str, towline: str) -> list[str]:
        text = self.shell.format(url=shlex.quote(url), sha256=sha256, towline=shlex.quote(towline))
        # Without a shell where none is needed: it would be counted.
        if "&&" in text or "until" in text:
            return ["/bin/sh", "-c", text]
        return shlex.split(text)

    def shown(self) -> str:
        return self.shell.format(url="URL", sha256="HEX", towline="towline")


TOWLINE = Tool("towline", "{towline} get {url} -o out --sha256 {sha256} --cache-dir cache", True)
TOWLINE_BARE = Tool("towline, no digest", "{towline} get {url} -o out --cache-dir cache", False)

CURL = Tool("curl", "curl -sS -o out {url}", False)
CURL_HASH = Tool(
    "curl, then sha256sum", "curl -sS -o out {url} && echo '{sha256}  out' | sha256sum --check --quiet", True
)
# Debian's sha256sum does not use the processor's instructions for SHA-256; OpenSSL does, as we do.
CURL_OPENSSL = Tool(
    "curl, then openssl", "curl -sS -o out {url} && openssl dgst -sha256 out | grep --quiet {sha256}", True
)
WGET = Tool("wget", "wget -q -O out {url}", False)
ARIA = Tool("aria2c", "aria2c -q -o out {url}", False)
ARIA_HASH = Tool("aria2c, checked", "aria2c -q --checksum=sha-256={sha256} -o out {url}", True)

# Where the link breaks: first as people run them, then as a patient person would.
CURL_RETRY = Tool(
    "curl --retry 3", "curl -sS -f --retry 3 --retry-all-errors --retry-delay 1 -C - -o out {url}", False, once=True
)
CURL_LOOP = Tool("curl in a loop", "until curl -sS -f -C - -o out {url}; do :; done", False)
WGET_DEFAULT = Tool("wget -c", "wget -q -c -O out {url}", False, once=True)
WGET_TUNED = Tool("wget, tuned", "wget -q -c --tries=0 --waitretry=0 -O out {url}", False)
ARIA_DEFAULT = Tool("aria2c -c", "aria2c -q -c -o out {url}", False, once=True)
ARIA_TUNED = Tool("aria2c, tuned", "aria2c -q -c --max-tries=0 -o out {url}", False)

PROGRAMS = ("curl", "wget", "aria2c", "sha256sum", "openssl")


def missing() -> list[str]:
    return [program for program in PROGRAMS if shutil.which(program) is None]


def versions(towline: str) -> list[str]:
    """The first line that each program says of itself."""
    lines = []
    for program in (towline, *PROGRAMS):
        said = subprocess.run([program, "version" if program == "openssl" else "--version"], capture_output=True, text=True, check=True).stdout
        lines.append(" ".join(said.splitlines()[0].split()[:4]))
    return lines
