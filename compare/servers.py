"""The servers: ours with its journal, and nginx as one that is no bottleneck."""

import json
import os
import re
import shutil
import subprocess
import time
import urllib.request


# So many looks that find nothing new, and the log is taken for complete.
SETTLED = 3


class Server:
    """A server in a process of its own. `log()` gives the requests since the last call."""

    name = ""
    url = ""
    last = 0.0  # time of day when the last response that `log()` knows was handed to the socket
    process: subprocess.Popen[bytes]
    _log_path = ""
    _read = 0

    def pids(self) -> list[int]:
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children") as children:
            return [self.process.pid, *map(int, children.read().split())]

    def log(self) -> tuple[int, int]:
        """Requests and bytes of body since the last call. A line may come a moment after the client has ended."""
        text, still = b"", 0
        while still < SETTLED:
            if self.process.poll() is not None:
                raise SystemExit(f"{self.name} has ended, with {self.process.returncode}: somebody else's doing?")
            time.sleep(0.02)
            with open(self._log_path, "rb") as log:
                log.seek(self._read)
                found = log.read()
            still = still + 1 if found == text else 0
            text = found
        self._read += len(text)
        self.last = self._last(text)
        entries = [self._entry(line) for line in text.decode().splitlines()]
        counted = [sent for sent in entries if sent is not None]
        return len(counted), sum(counted)

    def _entry(self, line: str) -> int | None:
        raise NotImplementedError

    def _last(self, text: bytes) -> float:
        raise NotImplementedError

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()


class Faults(Server):
    """`towline-faults serve`, with flags that say what goes wrong."""

    name = "towline-faults"

    def __init__(self, program: str, files: str, work: str, flags: list[str], script: str):
        path = os.path.join(work, "script.toml")
        with open(path, "w") as out:
            out.write(script)
        self._log_path = os.path.join(work, f"journal-{time.monotonic_ns()}.ndjson")
        command = [program, "serve", path, "--dir", files, "--journal", self._log_path, "--print-url", *flags]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().decode().strip().rstrip("/") + "/files"

    def _entry(self, line: str) -> int | None:
        entry = json.loads(line)
        return entry["bytes"] if entry["kind"] == "request" else None

    def _last(self, text: bytes) -> float:
        # The journal has its own clock; a line is written when its response has ended.
        return os.stat(self._log_path).st_mtime

    @staticmethod
    def version(program: str) -> str:
        return subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.strip()


NGINX = """\
{user}worker_processes 1;
daemon off;
pid {work}/nginx.pid;
error_log {work}/nginx-error.log;
events {{ worker_connections 64; }}
http {{
  sendfile on;
  log_format short '$status $body_bytes_sent $msec';
  access_log {work}/nginx-access.log short;
  client_body_temp_path {work}/t1; proxy_temp_path {work}/t2; fastcgi_temp_path {work}/t3;
  uwsgi_temp_path {work}/t4; scgi_temp_path {work}/t5;
  server {{ listen 127.0.0.1:{port}; root {files}; default_type application/octet-stream;
    location /simple/ {{ default_type text/html; }} }}
}}
"""


class Nginx(Server):
    """One worker with sendfile."""

    name = "nginx"

    def __init__(self, files: str, work: str, port: int = 8467):
        config = os.path.join(work, "nginx.conf")
        user = "user root;\n" if os.geteuid() == 0 else ""
        with open(config, "w") as out:
            out.write(NGINX.format(user=user, work=work, files=files, port=port))
        self._log_path = os.path.join(work, "nginx-access.log")
        self.process = subprocess.Popen(["nginx", "-c", config, "-p", work], stderr=subprocess.DEVNULL)
        self.url = f"http://127.0.0.1:{port}"
        for _ in range(100):
            try:
                urllib.request.urlopen(self.url + "/small.bin", timeout=1).close()
                break
            except OSError:
                time.sleep(0.05)
        else:
            raise SystemExit(f"nginx did not start: see {work}/nginx-error.log")
        self.log()

    def _entry(self, line: str) -> int | None:
        status, sent, _ = line.split()
        # A 499 is a client that went away.
        return int(sent) if status.isdigit() else None

    def _last(self, text: bytes) -> float:
        return max((float(line.split()[2]) for line in text.splitlines()), default=0.0)

    @staticmethod
    def version() -> str | None:
        if shutil.which("nginx") is None:
            return None
        said = subprocess.run(["nginx", "-v"], capture_output=True, text=True, check=False).stderr
        found = re.search(r"nginx/[\d.]+", said)
        return found.group() if found else None
