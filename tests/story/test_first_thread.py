"""The whole story over HTTP alone, and the demonstration's second start."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "first_thread.py"


def play(demonstration) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, str(EXAMPLE)],
        env=demonstration.environment(),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=150,
    )


@pytest.mark.article("XW-19.1.b", "XW-13.1")
def test_first_thread_played_twice_ends_as_told_each_time(demonstration):
    for _ in range(2):  # a second run makes a resource of its own
        done = play(demonstration)
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stdout.splitlines()[-1] == "故事走完，一切如实。"
        assert "凭证属实" in done.stdout
        assert "gateway.grant_revoked" in done.stdout


def test_first_thread_without_platform_says_how_to_start_it(tmp_path, free_ports):
    (tmp_path / "demo.json").write_text('{"password": "x"}')
    web, gateway = free_ports(2)
    words = [sys.executable, str(EXAMPLE), "--home", str(tmp_path), "--web", f"http://127.0.0.1:{web}"]
    done = subprocess.run(
        [*words, "--gateway", f"http://127.0.0.1:{gateway}"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "请先运行 make demo" in done.stderr
    assert "Traceback" not in done.stderr


def test_demonstration_second_start_keeps_data_and_accounts(demonstration):
    before = dict(demonstration.facts)
    demonstration.stop()
    demonstration.start()
    assert demonstration.facts == before
    assert "编制、审核、发布目录" not in demonstration.output, "a second start builds nothing anew"
    with httpx.Client(base_url=demonstration.gateway) as gateway:
        client = before["client"]
        token = gateway.post(
            "/oauth/token",
            data={"grant_type": "client_credentials"},
            auth=(client["client_id"], client["client_secret"]),
        )
        assert token.status_code == 200, token.text
        gateway.headers["Authorization"] = f"Bearer {token.json()['access_token']}"
        listed = gateway.get("/v1/resources").json()["resources"]
    assert client["resource"] in {r["url_code"] for r in listed}
    assert all(r["load"] for r in listed), "what was loaded before is still served"


@pytest.mark.parametrize("name", ["WEB", "GATEWAY", "METRICS", "DATABASE"])
def test_demonstration_taken_port_names_the_variable_and_starts_nothing(name, home, free_ports):
    names = ("WEB", "GATEWAY", "METRICS", "DATABASE")
    ports = dict(zip(names, free_ports(4), strict=True))
    keep = {k: v for k, v in os.environ.items() if not k.startswith(("YISHU_", "DJANGO_", "PYTEST_"))}
    environment = keep | {f"YISHU_{n}_PORT": str(p) for n, p in ports.items()} | {"YISHU_HOME": str(home)}
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", ports[name]))
        taken.listen()
        done = subprocess.run(
            [sys.executable, "-m", "yishu.cli", "demo"],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert done.returncode == 2
    assert f"端口 {ports[name]} 已被其他程序占用" in done.stderr
    assert f"YISHU_{name}_PORT" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
