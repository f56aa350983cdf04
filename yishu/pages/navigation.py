"""The main navigation in the order data flows; which entries exist follows from the URLs, which are shown from the roles."""

from dataclasses import dataclass

from django.urls import Resolver404, resolve

from yishu.pages.parts import NavEntry, NavGroup


@dataclass(frozen=True, slots=True)
class Place:
    """A page the navigation can lead to. ``roles`` are role keys of the packs; empty means everyone signed in."""

    title: str
    path: str
    icon: str
    roles: frozenset[str] = frozenset()


def _roles(*keys: str) -> frozenset[str]:
    return frozenset(keys)


NAVIGATION: tuple[tuple[str, tuple[Place, ...]], ...] = (
    ("工作台", (Place("我的工作", "/", "inbox"),)),
    (
        "目录",
        (
            Place("目录检索", "/catalogue/", "search"),
            Place("本部门目录", "/catalogue/mine/", "folders", _roles("provider", "responsible", "authority")),
            Place("编制信息资源", "/catalogue/new/", "plus", _roles("provider")),
        ),
    ),
    (
        "汇聚",
        (Place("数据装载", "/collection/loads/", "database-import", _roles("provider", "authority", "responsible")),),
    ),
    (
        "共享",
        (
            Place(
                "我的申请与授权", "/sharing/mine/", "share", _roles("consumer", "provider", "authority", "responsible")
            ),
            Place("调用记录凭证", "/sharing/receipts/", "certificate", _roles("consumer", "provider", "authority")),
        ),
    ),
    ("监督", (Place("存证", "/sharing/receipts/", "shield-check", _roles("auditor", "responsible")),)),
    (
        "系统",
        (
            Place("部门", "/orgs/departments/", "building-community", _roles("admin", "authority", "auditor")),
            Place("人员与角色", "/orgs/people/", "users", _roles("admin", "auditor")),
            Place("机器客户端", "/orgs/clients/", "api", _roles("admin", "consumer", "provider", "auditor")),
            Place("法规", "/law/", "scale"),
        ),
    ),
)
"""Titles, paths and who may use them. A page that no context serves (yet) is left out of the navigation."""


def exists(path: str) -> bool:
    """Whether some context serves the path."""
    try:
        resolve(path)
    except Resolver404:
        return False
    return True


def navigation_for(roles: frozenset[str], path: str) -> tuple[NavGroup, ...]:
    """The groups and entries a person with ``roles`` may use, the one leading to ``path`` marked (longest prefix wins).

    A path that appears twice for the same person is shown once, at its first place.
    """
    kept: list[tuple[str, list[Place]]] = []
    seen: set[str] = set()
    for title, places in NAVIGATION:
        mine = [p for p in places if (not p.roles or p.roles & roles) and p.path not in seen and exists(p.path)]
        seen.update(p.path for p in mine)
        if mine:
            kept.append((title, mine))
    matches = [
        p.path for _, places in kept for p in places if p.path == path or (p.path != "/" and path.startswith(p.path))
    ]
    current = max(matches, key=len, default="")
    return tuple(
        NavGroup(title, tuple(NavEntry(p.title, p.path, p.icon, current=p.path == current) for p in places))
        for title, places in kept
    )
