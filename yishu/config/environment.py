"""Configuration from environment variables, read once and checked at start. Django-free; documented in docs/configuration.md."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
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
        "YISHU_TOKEN_SECONDS", "YISHU_PUBLIC_URL", "YISHU_GATEWAY_URL", "YISHU_DEBUG", "YISHU_PACKS", "YISHU_EGOV_NETWORKS",
        "YISHU_SMTP_URL", "YISHU_MAIL_FROM", "YISHU_REMIND_DAYS", "YISHU_ESCALATE_DAYS", "YISHU_SECOND_FACTOR", "YISHU_OIDC_ISSUER", "YISHU_OIDC_CLIENT_ID",
        "YISHU_OIDC_CLIENT_SECRET", "YISHU_OIDC_CLIENT_SECRET_FILE", "YISHU_OIDC_NAME", "YISHU_OIDC_CLAIM",
    }
)  # fmt: skip
"""Every variable the platform reads; docs/configuration.md describes each (a test compares)."""
SMTP_PORTS: Mapping[str, int] = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}
"""How the platform speaks to a mail server, with the usual port."""
SECOND_FACTOR = ("none", "privileged", "all")
"""Who must have a second factor: nobody, people in the roles of ``orgs.mfa.PRIVILEGED``, everybody."""
ANY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104  (compared with, not bound to)


@dataclass(frozen=True, slots=True)
class Oidc:
    """A provider of identities people may sign in through (OpenID Connect); without ``issuer`` there is none.

    ``claim``: which claim of the ID token holds the sign-in name of a person registered here; ``name``: what the button says.
    """

    issuer: str = ""
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    name: str = "统一身份认证"
    claim: str = "preferred_username"


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
    packs: tuple[Path, ...] = ()
    egov_networks: tuple[str, ...] = ()
    """Address ranges (CIDR) of the government network; an endpoint outside them is refused. Empty: not checked."""
    smtp_url: str = ""
    mail_from: str = "yishu@localhost"
    remind_days: tuple[int, ...] = (1, 3)
    """Working days before a deadline on which people are reminded; no law asks for it."""
    escalate_days: int = 3
    """Working days after its end from which an overdue case is put before the leading group; 0: never. No law asks for it."""
    second_factor: str = "none"
    """One of ``SECOND_FACTOR``; whoever enrolled a factor of their own is asked for it in any case."""
    oidc: Oidc = Oidc()

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


def _folders(name: str, text: str) -> tuple[Path, ...]:
    """Folders that exist, separated as in ``PATH``."""
    folders = tuple(Path(part).absolute() for part in text.split(os.pathsep) if part)
    for folder in folders:
        if not folder.is_dir():
            raise BadSetting(
                f"环境变量 {name} 所指的目录不存在",
                remedy=f"请核对目录；多个目录以“{os.pathsep}”分隔",
                object_=str(folder),
            )
    return folders


def _networks(name: str, text: str) -> tuple[str, ...]:
    """Address ranges separated by commas."""
    found = []
    for part in filter(None, (p.strip() for p in text.split(","))):
        try:
            found.append(str(ip_network(part)))
        except ValueError as error:
            raise BadSetting(
                f"环境变量 {name} 中的“{part}”不是网段",
                remedy="形如 10.20.0.0/16，多个以逗号分隔；主机位应为 0",
                object_=name,
            ) from error
    return tuple(found)


def _smtp(name: str, text: str) -> str:
    """A mail server's address: ``smtp``, ``smtps`` (TLS from the start) or ``smtp+starttls``."""
    if text and (urlsplit(text).scheme not in SMTP_PORTS or not urlsplit(text).hostname):
        raise BadSetting(
            f"环境变量 {name} 不是邮件服务器地址",
            remedy="形如 smtp+starttls://用户:口令@主机:587、smtps://主机:465 或 smtp://主机:25；留空则不发邮件",
            object_=name,
        )
    return text


def _days(name: str, text: str) -> tuple[int, ...]:
    """Numbers of working days separated by commas; none means no reminder beforehand."""
    return tuple(sorted({_number(1, 60)(name, part.strip()) for part in text.split(",") if part.strip()}))


def _second_factor(name: str, text: str) -> str:
    if text not in SECOND_FACTOR:
        raise BadSetting(
            f"环境变量 {name} 的值“{text}”不能用",
            remedy="请改为 none（不要求）、privileged（系统管理、数据主管、审计、平台运维须用）或 all（人人须用）",
            object_=name,
        )
    return text


def loopback(host: str) -> bool:
    """Whether a host name or address is this machine itself, spoken to without a network."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _issuer(name: str, text: str) -> str:
    """An issuer's address: https; http only on the machine itself, where nobody can listen on the way."""
    parts = urlsplit(text)
    safe = parts.scheme == "https" or (parts.scheme == "http" and loopback(parts.hostname or ""))
    if text and (not safe or not parts.hostname or parts.query or parts.fragment or parts.username):
        raise BadSetting(
            f"环境变量 {name} 不是可用的签发者地址",
            remedy="须为 https 地址，与身份认证系统公布的 issuer 逐字相同；http 仅限本机（127.0.0.1、localhost）",
            object_=name,
        )
    return text


def _oidc(env: Mapping[str, str]) -> Oidc:
    """Sign-in through another system: complete, or not at all."""
    issuer = _issuer("YISHU_OIDC_ISSUER", env.get("YISHU_OIDC_ISSUER", ""))
    client_id, secret = env.get("YISHU_OIDC_CLIENT_ID", ""), env.get("YISHU_OIDC_CLIENT_SECRET", "")
    file = env.get("YISHU_OIDC_CLIENT_SECRET_FILE", "")
    if file and secret:
        raise _incomplete("YISHU_OIDC_CLIENT_SECRET_FILE", "与 YISHU_OIDC_CLIENT_SECRET 只能填写一个")
    if file:
        try:
            secret = Path(file).read_text().strip()
        except (OSError, ValueError) as error:
            raise _incomplete("YISHU_OIDC_CLIENT_SECRET_FILE", "所指的文件读不出来") from error
    given = {
        "YISHU_OIDC_ISSUER": issuer, "YISHU_OIDC_CLIENT_ID": client_id, "YISHU_OIDC_CLIENT_SECRET": secret
    }  # fmt: skip
    for variable, value in given.items():
        if any(given.values()) and not value:
            raise _incomplete(variable, "没有填写")
    return Oidc(
        issuer,
        client_id,
        secret,
        (env.get("YISHU_OIDC_NAME") or Oidc().name)[:40],
        env.get("YISHU_OIDC_CLAIM") or Oidc().claim,
    )


def _incomplete(name: str, what: str) -> BadSetting:
    return BadSetting(
        f"环境变量 {name} {what}",
        remedy="统一身份认证登录需要签发者、客户端编号和客户端密钥三项；不使用的请全部留空",
        object_=name,
    )


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
        packs=(*_folders("YISHU_PACKS", env.get("YISHU_PACKS", "")), *(p for p in [home / "packs"] if p.is_dir())),
        egov_networks=_networks("YISHU_EGOV_NETWORKS", env.get("YISHU_EGOV_NETWORKS", "")),
        smtp_url=_smtp("YISHU_SMTP_URL", env.get("YISHU_SMTP_URL", "")),
        mail_from=env.get("YISHU_MAIL_FROM") or "yishu@localhost",
        remind_days=_days("YISHU_REMIND_DAYS", env.get("YISHU_REMIND_DAYS", "1,3")),
        escalate_days=_number(0, 60)("YISHU_ESCALATE_DAYS", env.get("YISHU_ESCALATE_DAYS", "3")),
        second_factor=_second_factor("YISHU_SECOND_FACTOR", env.get("YISHU_SECOND_FACTOR") or "none"),
        oidc=_oidc(env),
    )
