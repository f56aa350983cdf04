"""Configuration from environment variables, read once and checked at start. Django-free; documented in docs/configuration.md."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from yishu.kernel.errors import PublicError, Unavailable


class BadSetting(PublicError):
    """An environment variable holds something the platform cannot use; the text names the variable."""

    code = "config.bad_setting"


VARIABLES = frozenset(
    {
        "YISHU_HOME", "YISHU_HOST", "YISHU_DATABASE_URL", "YISHU_GATEWAY_DATABASE_URL", "YISHU_LAKE_URL", "YISHU_WEB_PORT",
        "YISHU_GATEWAY_PORT", "YISHU_METRICS_PORT", "YISHU_DATABASE_PORT", "YISHU_GATEWAY_WORKERS", "YISHU_UPLOAD_LIMIT_MB",
        "YISHU_TOKEN_SECONDS", "YISHU_PUBLIC_URL", "YISHU_GATEWAY_URL", "YISHU_DEBUG",
    }
)  # fmt: skip
"""Every variable the platform reads; docs/configuration.md describes each (a test compares)."""
ANY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104  (compared with, not bound to)


@dataclass(frozen=True, slots=True)
class Environment:
    """All settings. Sizes in bytes, times in seconds, ports on ``host``."""

    home: Path
    host: str
    database_url: str
    gateway_database_url: str
    lake_url: str
    web_port: int
    gateway_port: int
    metrics_port: int
    database_port: int
    gateway_workers: int
    upload_limit: int
    token_seconds: int
    public_url: str
    gateway_url: str
    debug: bool

    @property
    def embedded_database(self) -> bool:
        """Whether the platform runs its own PostgreSQL from the wheel."""
        return not self.database_url

    def control_url(self) -> str:
        """The control plane's database: the operator's, or the embedded one's, from its address file.

        Raises ``Unavailable`` while the embedded database has never been started.
        """
        if self.database_url:
            return self.database_url
        address = self.home / "postgres" / "url"
        if not address.exists():
            raise Unavailable(
                "内置数据库还没有启动过",
                remedy="请先用 yishu up 启动平台，或用 YISHU_DATABASE_URL 指定数据库",
                object_=str(self.home),
                code="runtime.database_not_started",
            )
        return address.read_text().strip()


def _number(low: int, high: int) -> Callable[[str, str], int]:
    def read(name: str, text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = low - 1
        if not low <= value <= high:
            raise BadSetting(
                f"环境变量 {name} 的值“{text}”不能用",
                remedy=f"请改为 {low} 到 {high} 之间的整数后重新启动",
                object_=name,
            )
        return value

    return read


def _url(name: str, text: str) -> str:
    if text and urlsplit(text).scheme not in ("postgresql", "postgres"):
        raise BadSetting(
            f"环境变量 {name} 不是 PostgreSQL 地址",
            remedy="形如 postgresql://用户:口令@主机:端口/库名；留空则使用内置数据库",
            object_=name,
        )
    return text


def _flag(name: str, text: str) -> bool:
    if text not in ("0", "1"):
        raise BadSetting(f"环境变量 {name} 只能是 0 或 1", remedy="请改为 0（关）或 1（开）后重新启动", object_=name)
    return text == "1"


def read_environment(source: Mapping[str, str] | None = None) -> Environment:
    """Read and check every ``YISHU_*`` variable of ``source`` (default: the process environment).

    Raises ``BadSetting`` naming the variable, also for an unknown ``YISHU_*`` name (a typo must not pass silently).
    """
    env = os.environ if source is None else source
    unknown = sorted(
        n for n in env if n.startswith("YISHU_") and n not in VARIABLES and not n.startswith("YISHU_TEST_")
    )
    if unknown:
        raise BadSetting(
            f"不认识的环境变量 {unknown[0]}",
            remedy="请核对拼写；可用的变量见 docs/configuration.md",
            object_=unknown[0],
        )
    port = _number(1, 65535)
    home = Path(env.get("YISHU_HOME") or "var").absolute()
    host = env.get("YISHU_HOST") or "127.0.0.1"
    reached_at = "127.0.0.1" if host in ANY_ADDRESS else host
    web_port = port("YISHU_WEB_PORT", env.get("YISHU_WEB_PORT", "8000"))
    gateway_port = port("YISHU_GATEWAY_PORT", env.get("YISHU_GATEWAY_PORT", "8100"))
    return Environment(
        home=home,
        host=host,
        database_url=_url("YISHU_DATABASE_URL", env.get("YISHU_DATABASE_URL", "")),
        gateway_database_url=_url("YISHU_GATEWAY_DATABASE_URL", env.get("YISHU_GATEWAY_DATABASE_URL", "")),
        lake_url=env.get("YISHU_LAKE_URL") or str(home / "lake"),
        web_port=web_port,
        gateway_port=gateway_port,
        metrics_port=port("YISHU_METRICS_PORT", env.get("YISHU_METRICS_PORT", "8101")),
        database_port=port("YISHU_DATABASE_PORT", env.get("YISHU_DATABASE_PORT", "8432")),
        gateway_workers=_number(1, 64)("YISHU_GATEWAY_WORKERS", env.get("YISHU_GATEWAY_WORKERS", "1")),
        upload_limit=_number(1, 100_000)("YISHU_UPLOAD_LIMIT_MB", env.get("YISHU_UPLOAD_LIMIT_MB", "2048"))
        * 1024
        * 1024,
        token_seconds=_number(30, 3600)("YISHU_TOKEN_SECONDS", env.get("YISHU_TOKEN_SECONDS", "600")),
        public_url=env.get("YISHU_PUBLIC_URL") or f"http://{reached_at}:{web_port}",
        gateway_url=env.get("YISHU_GATEWAY_URL") or f"http://{reached_at}:{gateway_port}",
        debug=_flag("YISHU_DEBUG", env.get("YISHU_DEBUG", "0")),
    )
