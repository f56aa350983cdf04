"""Builds the demonstration through the contexts' public actions, as people would: nothing is written past them."""

import json
import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone

from yishu.cases.calendar_moves import import_notice
from yishu.config.demo import catalogue, work, xiuwu
from yishu.config.demo.places import DATA, Place, found, quick_passwords, read
from yishu.law import packs
from yishu.law.notices import read_notice
from yishu.orgs.models import Jurisdiction, Person

Report = Callable[[str], None]


def build(home: Path, report: Report, folder: Path | None = None) -> None:
    """Found every place of the demonstration with its departments, people, catalogue and work, and 修武县's finished story.

    ``folder``: a folder with enterprise registers (``enterprises/2019_河南.csv``) to load instead of the synthetic one.
    Each place is one transaction; one that is there is kept, so an interrupted build is simply gone on with, and a second
    run does nothing. A home with jurisdictions that are not the demonstration's is left alone.
    """
    kept = home / "demo.json"
    if Jurisdiction.objects.exists() and not kept.exists():
        return
    facts = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
    facts.setdefault("password", f"yishu-{secrets.token_hex(5)}")
    if not Jurisdiction.objects.exists():
        with quick_passwords(), transaction.atomic():
            facts["client"] = _first(facts["password"], folder, report)
            # Before the commit: whoever finds the accounts after a cut must find their password too.
            _write(kept, {**facts, "accounts": _accounts()})
    with quick_passwords():
        built = [_further(path, facts["password"], report) for path in sorted((DATA / "places").glob("[2-9]-*.yaml"))]
    if any(built):
        _write(kept, {**facts, "accounts": _accounts()})


def _first(password: str, folder: Path | None, report: Report) -> dict[str, str]:
    """修武县 as its text stands; returns the machine client's credentials."""
    report("修武县：建立部门和人员……")
    place = found(read("organisation.yaml") | read("places/1-xiuwu.yaml"), password, timezone.now())
    report("修武县：编制、审核、发布目录，上传数据……")
    xiuwu.compile_catalogue(place)
    xiuwu.uploads(place, folder)
    report("修武县：办理共享申请，登记需求、变更和登记簿……")
    client = xiuwu.story(place)
    _work(place)
    notice = read_notice((DATA / "holidays-2026.json").read_bytes())
    import_notice(notice=notice, by=place.authority, at=place.now)
    return client


@transaction.atomic
def _further(path: Path, password: str, report: Report) -> bool:
    """One further place from its file; whether it was built. A place whose pack is not at hand is left out, and said so."""
    given = read(f"places/{path.name}")
    named = given["jurisdiction"]
    try:
        name = named.get("name") or packs.load(named["pack"]).name
    except packs.NoPack:
        report(f"没有规则包 {named['pack']}，略过")
        return False
    if Jurisdiction.objects.filter(name=name).exists():
        return False
    report(f"{name}：部门和人员、目录、共享、登记簿……")
    place = found(given, password, timezone.now())
    catalogue.compile_catalogue(place)
    work.applications(place)
    _work(place)
    return True


def _work(place: Place) -> None:
    catalogue.changes_and_retirements(place)
    work.stewardship(place)
    work.registers(place)
    work.filings_and_substitutes(place)


def _accounts() -> list[dict[str, str]]:
    people = Person.objects.select_related("department__jurisdiction").order_by("id")
    return [
        {
            "username": person.username,
            "name": person.name,
            "place": person.department.jurisdiction.name if person.department else "",
            "department": str(person.department or ""),
            "roles": "、".join(role.get_kind_display() for role in person.roles.order_by("id")),
        }
        for person in people
    ]


def _write(path: Path, document: Mapping[str, Any]) -> None:
    """Put the document in place whole, readable by its owner alone."""
    beside = path.with_suffix(".new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(document, file, ensure_ascii=False, indent=1)
    beside.replace(path)
