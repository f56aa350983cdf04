"""Whether the platform's ports are free, asked before anything starts."""

import errno
import socket
from collections.abc import Sequence
from dataclasses import dataclass

from yishu.kernel.errors import Problem, Unavailable


class PortTaken(Unavailable):
    """Another program listens on a port the platform needs; nothing was started."""

    code = "runtime.port_taken"


@dataclass(frozen=True, slots=True)
class Address:
    """One address the platform will listen on: who listens, where, and the variable that moves it."""

    who: str
    host: str
    port: int
    variable: str


def _problem(address: Address) -> Problem | None:
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address.host, address.port))
        except OSError as error:
            why = {
                errno.EADDRINUSE: f"端口 {address.port} 已被其他程序占用",
                errno.EACCES: f"没有权限使用端口 {address.port}",
                errno.EADDRNOTAVAIL: f"本机没有地址 {address.host}",
            }.get(error.errno or 0, f"端口 {address.port} 不能使用")
            variable = "YISHU_HOST" if error.errno == errno.EADDRNOTAVAIL else address.variable
            return Problem(where=address.who, what=why, remedy=f"请改变环境变量 {variable}", code=f"{variable}")
    return None


def require_free(addresses: Sequence[Address]) -> None:
    """Raise ``PortTaken`` listing every address that cannot be used, each with the variable that moves it."""
    seen: dict[tuple[str, int], Address] = {}
    problems = []
    for address in addresses:
        twin = seen.setdefault((address.host, address.port), address)
        if twin is not address:
            problems.append(
                Problem(
                    where=address.who,
                    what=f"端口 {address.port} 已分给{twin.who}",
                    remedy=f"请改变环境变量 {address.variable}",
                    code=address.variable,
                )
            )
        elif found := _problem(address):
            problems.append(found)
    if problems:
        names = "、".join(sorted({problem.code for problem in problems}))
        raise PortTaken(
            "端口不能使用，平台没有启动",
            remedy=f"停止占用端口的程序，或把环境变量 {names} 改为空闲的端口后重新启动",
            object_=names,
            problems=problems,
        )
