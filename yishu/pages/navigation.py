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
    ("工作台", (Place("我的工作", "/", "inbox"), Place("提醒", "/notices/", "calendar-due"))),
    (
        "目录",
        (
            Place("目录检索", "/catalogue/", "search"),
            Place("本部门目录", "/catalogue/mine/", "folders", _roles("provider", "responsible", "authority")),
            Place("编制信息资源", "/catalogue/new/", "plus", _roles("provider")),
            Place("导入目录", "/catalogue/import/", "upload", _roles("provider")),
            Place("本地分类", "/catalogue/classes/", "sitemap", _roles("authority", "provider")),
            Place(
                "目录变更事项",
                "/catalogue/changes/",
                "history",
                _roles("provider", "responsible", "authority", "auditor"),
            ),
            Place(
                "停用事项",
                "/catalogue/retirements/",
                "folders",
                _roles("provider", "consumer", "responsible", "authority"),
            ),
            Place("牵头部门", "/catalogue/leads/", "users", _roles("provider", "authority", "auditor")),
            Place("全域目录", "/catalogue/union/", "search"),
            Place("缩小共享范围审核", "/catalogue/narrowing/", "scale", _roles("authority", "auditor")),
            Place("不予共享说明", "/catalogue/statements/", "scale", _roles("authority", "auditor")),
            Place("需求清单", "/stewardship/demands/", "list-check"),
            Place("责任清单", "/stewardship/responsibilities/", "list-details"),
            Place("一数一源", "/stewardship/sources/", "link"),
            Place("编目完整性", "/stewardship/completeness/", "table"),
            Place("重复采集核查", "/stewardship/plans/", "filter"),
            Place("申请材料核验", "/stewardship/materials/", "file-check"),
            Place("联合采集", "/stewardship/joint/", "users"),
        ),
    ),
    (
        "汇聚",
        (
            Place(
                "数据装载",
                "/collection/loads/",
                "database-import",
                _roles("provider", "authority", "responsible", "vendor"),
            ),
        ),
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
    (
        "监督",
        (
            Place(
                "总览",
                "/supervision/",
                "layout-dashboard",
                _roles("authority", "leader", "government", "auditor", "inspector"),
            ),
            Place(
                "本部门一页", "/supervision/mine/", "building-bank", _roles("responsible", "provider", "office_head")
            ),
            Place("存证", "/sharing/receipts/", "shield-check", _roles("auditor", "responsible", "inspector")),
        ),
    ),
    (
        "系统",
        (
            Place(
                "部门",
                "/orgs/departments/",
                "building-community",
                _roles("admin", "authority", "auditor", "inspector", "leader", "government"),
            ),
            Place("人员与角色", "/orgs/people/", "users", _roles("admin", "auditor")),
            Place("平台设置", "/orgs/settings/", "settings", _roles("admin")),
            Place("AB角", "/orgs/substitutes/", "users"),
            Place("工作移交", "/orgs/hand-overs/", "share", _roles("admin", "responsible", "auditor")),
            Place(
                "行政区域",
                "/orgs/jurisdictions/",
                "building-community",
                _roles("admin", "authority", "auditor", "leader", "government", "operator"),
            ),
            Place("机器客户端", "/orgs/clients/", "api", _roles("admin", "consumer", "provider", "auditor")),
            Place("登记簿", "/registers/", "folders"),
            Place("工作日历", "/calendar/", "calendar"),
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
