"""The ledger's commands as people run them."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from yishu import cli
from yishu.ledger import receipts
from yishu.ledger.notes import VERIFIER_KEYS, SigningKey

pytestmark = pytest.mark.django_db


@pytest.fixture
def yishu(ledger_url, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("YISHU_DATABASE_URL", ledger_url)
    monkeypatch.setenv("YISHU_HOME", str(tmp_path))

    def run(*words):
        code = cli.main([str(word) for word in words])
        shown = capsys.readouterr()
        return code, shown.out + shown.err

    return run


@pytest.fixture
def trust(tmp_path, key):
    return tmp_path / "keys" / VERIFIER_KEYS


@pytest.fixture
def file(conn, sequenced, tmp_path):
    path = tmp_path / "receipt.json"
    path.write_text(receipts.receipt(conn, sequenced[300]).to_json())
    return path


def test_receipt_verify_of_a_good_file_says_so(yishu, file, trust, key):
    code, text = yishu("receipt", "verify", file, "--trust", trust)
    assert code == 0
    assert text.startswith("凭证属实")
    assert f"签名方：{key.name}" in text


def test_receipt_verify_of_a_changed_file_names_the_error(yishu, file, trust):
    file.write_text(file.read_text().replace('\\"records\\":300', '\\"records\\":301'))
    code, text = yishu("receipt", "verify", file, "--trust", trust)
    assert code == 2
    assert "receipt.wrong_proof" in text


def test_receipt_verify_under_another_key_is_refused(yishu, file, tmp_path):
    other = tmp_path / "other.txt"
    other.write_text(str(SigningKey("yishu-x", bytes(32)).verifier()))
    code, text = yishu("receipt", "verify", file, "--trust", other)
    assert code == 2
    assert "receipt.unknown_key" in text


def test_receipt_verify_of_a_missing_file_or_bad_keys_says_what_to_do(yishu, file, tmp_path, trust):
    for words in (["nowhere.json", "--trust", trust], [file, "--trust", tmp_path / "nowhere.txt"]):
        code, text = yishu("receipt", "verify", *words)
        assert code == 2
        assert "ledger.unreadable_file" in text
    empty = tmp_path / "empty.txt"
    empty.write_bytes(b"\xff\xfe")
    assert "receipt.bad_key" in yishu("receipt", "verify", file, "--trust", empty)[1]


def test_receipt_verify_works_offline_in_a_process_of_its_own(file, trust, tmp_path):
    environment = {"PATH": os.environ["PATH"], "YISHU_HOME": str(tmp_path / "elsewhere")}
    code = (
        "import sys, socket\n"
        "def refuse(*_): raise SystemExit('network')\n"
        "socket.socket.connect = refuse\n"
        "from yishu.cli import main\n"
        f"code = main(['receipt', 'verify', '-', '--trust', {str(trust)!r}])\n"
        "sys.exit(code)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, input=file.read_bytes(), capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    assert "凭证属实" in done.stdout.decode()
    assert not (tmp_path / "elsewhere").exists()


def test_ledger_verify_of_an_untouched_ledger_exits_clean(yishu, sequenced):
    code, text = yishu("ledger", "verify")
    assert code == 0
    assert "没有发现问题" in text
    assert "601 条" in text


def test_ledger_verify_of_a_flipped_bit_exits_with_one(yishu, conn, sequenced):
    conn.execute("update ledger.leaf set entry = set_byte(entry, 20, 0) where index = 300")
    code, text = yishu("ledger", "verify")
    assert code == 1
    assert "ledger.leaf_changed" in text


def test_ledger_verify_against_checkpoints_kept_elsewhere_finds_a_rewritten_tree(
    yishu, conn, sequenced, rebuild, key, tmp_path, file, trust
):
    note = tmp_path / "checkpoint.txt"
    note.write_text(receipts.checkpoint(conn))
    rows = conn.execute("select id, entry from ledger.leaf order by index").fetchall()
    rows[300] = (rows[300][0], rows[0][1])
    rebuild(conn, rows, sign_with=key)
    (tmp_path / "ledger" / "checkpoints").unlink()
    code, text = yishu("ledger", "verify")
    assert code == 0
    assert "没有留存的检查点可核对" in text
    for kept in (note, file):
        code, text = yishu("ledger", "verify", "--trust", trust, "--checkpoints", kept)
        assert code == 1
        assert "ledger.rewritten" in text


@pytest.mark.parametrize("content", [b"nonsense\n", b"{}", b"[1]\n", "x\n\n— ".encode() + b"\xff"])
def test_ledger_verify_with_an_unreadable_checkpoint_file_is_refused(yishu, sequenced, tmp_path, content):
    path = tmp_path / "kept"
    path.write_bytes(content)
    code, text = yishu("ledger", "verify", "--checkpoints", path)
    assert code == 2
    assert "ledger.bad_checkpoints" in text


def test_ledger_verify_after_an_accepted_loss_exits_clean(yishu, conn, sequenced, rebuild, running):
    rows = conn.execute("select id, entry from ledger.leaf order by index").fetchall()
    old = conn.execute("select id from ledger.log").fetchone()[0]
    rebuild(conn, rows[:300])
    with running() as run:
        run.wait("exists (select from ledger.log where number = 2)")
        run.settle()
    assert yishu("ledger", "verify")[0] == 1
    code, text = yishu("ledger", "verify", "--accept-loss", old)
    assert code == 0
    assert "注意" in text


def test_ledger_status_tells_log_checkpoint_and_backlog(yishu, conn, sequenced, write, running):
    code, text = yishu("ledger", "status")
    assert code == 0
    assert "已入日志 601 条" in text
    assert "待排序 0 条" in text
    assert "没有排序进程在工作" in text
    with running() as run:
        write(conn, 1)
        run.settle()
        assert "排序进程在工作" in yishu("ledger", "status")[1]


def test_ledger_status_of_an_empty_ledger_says_so(yishu, conn):
    assert "还没有建立" in yishu("ledger", "status")[1]


def test_ledger_commands_without_database_say_what_to_do(yishu, conn, monkeypatch, tmp_path, ledger_url):
    conn.execute("alter schema ledger rename to elsewhere")
    try:
        assert "ledger.not_migrated" in yishu("ledger", "status")[1]
    finally:
        conn.execute("alter schema elsewhere rename to ledger")
    monkeypatch.setenv("YISHU_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/x")
    assert "ledger.database_down" in yishu("ledger", "status")[1]
    monkeypatch.delenv("YISHU_DATABASE_URL")
    assert "runtime.database_not_started" in yishu("ledger", "status")[1]
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "url").write_text(ledger_url + "\n")
    assert yishu("ledger", "status")[0] == 0


def test_sequencer_command_sequences_until_it_is_asked_to_stop(conn, ledger_url, tmp_path, write):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("YISHU_")}
    environment |= {"YISHU_DATABASE_URL": ledger_url, "YISHU_HOME": str(tmp_path)}
    process = subprocess.Popen(
        [sys.executable, "-m", "yishu.cli", "sequencer"], env=environment, stderr=subprocess.PIPE
    )
    try:
        ids = write(conn, 3)
        for _ in range(1500):
            if conn.execute("select count(*) from ledger.leaf").fetchone()[0] == 4:
                break
            time.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 0
    assert "存证日志已建立" in said.decode()
    assert all(receipts.receipt(conn, id) for id in ids)  # a stop signs what it sequenced
    assert threading.active_count() >= 1
