"""A closed-loop HTTP load from one thread: wrk where it is installed, else an asyncio client. Bounded in time, loopback only."""

import asyncio
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent over and over: ``{key}`` in ``path`` and ``body`` is replaced by one key after another."""

    url: str
    method: str
    path: str
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""

    def bytes(self, key: str) -> bytes:
        """The whole HTTP/1.1 request for one key."""
        body = self.body.replace("{key}", key).encode()
        lines = [f"{self.method} {self.path.replace('{key}', key)} HTTP/1.1", f"Host: {urlsplit(self.url).netloc}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        if body:
            lines.append(f"Content-Length: {len(body)}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


@dataclass(frozen=True, slots=True)
class Result:
    """Answers with status 200, other answers and broken connections, and the seconds measured."""

    answered: int
    failed: int
    seconds: float

    @property
    def rate(self) -> float:
        """Answered requests per second."""
        return self.answered / self.seconds


def run(request: Request, keys: Sequence[str], *, connections: int, seconds: float) -> Result:
    """Load one server on this machine for ``seconds`` with ``connections`` kept-alive connections."""
    if urlsplit(request.url).hostname != "127.0.0.1":
        raise ValueError("load goes to 127.0.0.1 only")
    if shutil.which("wrk"):
        return _wrk(request, keys, connections, seconds)
    return _in_process(request, keys, connections, seconds)


def _wrk(request: Request, keys: Sequence[str], connections: int, seconds: float) -> Result:
    with tempfile.TemporaryDirectory() as folder:
        requests = Path(folder, "requests")
        requests.write_bytes(b"\0".join(request.bytes(key) for key in keys))
        script = Path(folder, "load.lua")
        script.write_text(
            f"""
local file = io.open("{requests}", "rb")
local text, all, n = file:read("*a") .. "\\0", {{}}, 0
for one in text:gmatch("([^%z]*)%z") do all[#all + 1] = one end
request = function() n = n % #all + 1; return all[n] end
"""
        )
        command = ["wrk", "-t1", f"-c{connections}", f"-d{int(seconds)}s", "-s", str(script), request.url]
        text = subprocess.run(command, capture_output=True, text=True, check=True, timeout=seconds + 30).stdout
    total = int(_number(r"(\d+) requests in", text))
    bad = int(_number(r"Non-2xx or 3xx responses: (\d+)", text))
    broken = sum(map(int, re.findall(r"(?:connect|read|write|timeout) (\d+)", text)))
    return Result(total - bad, bad + broken, total / (_number(r"Requests/sec:\s+([\d.]+)", text) or 1))


def _number(pattern: str, text: str) -> float:
    found = re.search(pattern, text)
    return float(found[1]) if found else 0.0


def _in_process(request: Request, keys: Sequence[str], connections: int, seconds: float) -> Result:
    """The asyncio client, in a process of its own so that it is one thread beside the measured ones."""
    with tempfile.NamedTemporaryFile("wb") as file:
        file.write(b"\0".join(request.bytes(key) for key in keys))
        file.flush()
        words = [sys.executable, __file__, request.url, file.name, str(connections), str(seconds)]
        text = subprocess.run(words, capture_output=True, text=True, check=True, timeout=seconds + 30).stdout
    answered, failed, took = text.split()
    return Result(int(answered), int(failed), float(took))


async def _client(url: str, requests: Sequence[bytes], connections: int, seconds: float) -> Result:
    parts = urlsplit(url)
    deadline = time.perf_counter() + seconds
    counts = [0, 0]

    async def one(first: int) -> None:
        n = first
        while time.perf_counter() < deadline:
            reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
            try:
                while time.perf_counter() < deadline:
                    writer.write(requests[n % len(requests)])
                    n += connections
                    head = await reader.readuntil(b"\r\n\r\n")
                    length = re.search(rb"(?i)content-length: (\d+)", head)
                    if length:
                        await reader.readexactly(int(length[1]))
                    counts[0 if head[9:12] == b"200" else 1] += 1
            except (OSError, asyncio.IncompleteReadError):
                counts[1] += 1
            finally:
                writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(one(n) for n in range(connections)))
    return Result(counts[0], counts[1], time.perf_counter() - began)


if __name__ == "__main__":
    found = asyncio.run(
        _client(sys.argv[1], Path(sys.argv[2]).read_bytes().split(b"\0"), int(sys.argv[3]), float(sys.argv[4]))
    )
    print(found.answered, found.failed, found.seconds)
