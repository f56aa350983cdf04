"""The ``yishu`` command: errors people can act on, commands of every context, Django only where it is needed."""

import argparse
import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from yishu import cli
from yishu.kernel.errors import Problem, PublicError
from yishu.kernel.references import Reference


def _run(*words: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("YISHU_", "DJANGO_"))}
    return subprocess.run(
        [sys.executable, "-m", "yishu.cli", *words], env=kept | variables, capture_output=True, text=True, check=False
    )


def test_public_error_is_printed_whole(capsys: pytest.CaptureFixture[str]) -> None:
    error = PublicError(
        "不能做", remedy="换一种做法", object_="某物", why="某因", code="a.b", reference=Reference("p", "某办法", "第一条"),
        problems=[Problem("第 1 行", "写错了", "改正")],
    )  # fmt: skip
    cli.print_error(error)
    text = capsys.readouterr().err
    for part in ("不能做", "[a.b]", "某物", "某因", "某办法 第一条", "第 1 行：写错了（改正）", "换一种做法"):
        assert part in text


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("YISHU_WEB_PORT", "0"),
        ("YISHU_GATEWAY_WORKERS", "many"),
        ("YISHU_DATABASE_URL", "mysql://x"),
        ("YISHU_DEBUG", "yes"),
        ("YISHU_WEBPORT", "8000"),
    ],
)
def test_bad_setting_names_the_variable_and_ends_with_two(variable: str, value: str, home: Path) -> None:
    ended = _run("up", YISHU_HOME=str(home), **{variable: value})
    assert ended.returncode == 2
    assert variable in ended.stderr
    assert "Traceback" not in ended.stderr


def test_database_unreachable_is_explained(home: Path, free_ports: object) -> None:
    port = free_ports(1)[0]  # type: ignore[operator]
    ended = _run("up", YISHU_HOME=str(home), YISHU_DATABASE_URL=f"postgresql://a:secret-word@127.0.0.1:{port}/b")
    assert ended.returncode == 2
    assert "runtime.database_unreachable" in ended.stderr
    assert "secret-word" not in ended.stderr


def test_home_that_cannot_be_written_is_explained(home: Path) -> None:
    (home / "file").write_text("")
    ended = _run("up", YISHU_HOME=str(home / "file"))
    assert ended.returncode == 2
    assert "YISHU_HOME" in ended.stderr


def test_full_disk_is_explained(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def full(args: argparse.Namespace, environment: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device", "/some/file")

    def build(command: str | None) -> argparse.ArgumentParser:
        parser = argparse.ArgumentParser()
        parser.set_defaults(handler=full)
        return parser

    monkeypatch.setattr(cli, "build_parser", build)
    assert cli.main([]) == 2
    assert "磁盘已满" in capsys.readouterr().err


def test_commands_of_django_free_contexts_start_without_django() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", "import sys\nfrom yishu.cli import build_parser\nbuild_parser('up')\nprint('django.db' in sys.modules)"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert ended.stdout.strip() == "False"


def test_help_names_every_command(home: Path) -> None:
    text = _run("--help", YISHU_HOME=str(home)).stdout
    for name in ("up", "demo", "gateway", "worker", "sequencer", "prepare", "packs", "receipt", "ledger"):
        assert f"    {name}" in text


def test_output_whose_reader_has_gone_ends_quietly():
    words = [sys.executable, "-m", "yishu.cli", "packs", "list", "cn-henan-jiaozuo-xiuwu"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as done:
        done.stdout.close()
        assert done.stderr.read() == b""
    assert done.returncode == 141
