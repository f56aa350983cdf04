"""Every register of every pack takes a whole entry and names the article of each part that is missing."""

from datetime import date
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.cases.conftest import AT, County, make_county
from yishu.kernel.errors import Invalid, NotAllowed
from yishu.law import packs, values
from yishu.law.kinds import Register
from yishu.orgs.models import Role
from yishu.pages.uploads import Accepted, accept
from yishu.registers import actions, queries
from yishu.registers.models import Entry

pytestmark = pytest.mark.django_db
ON = date(2026, 9, 18)
SUPPORTING = {
    # row of the acceptance table [S] → where it is kept
    "XW-6.2": "system", "XW-11.1": "standard", "XW-11.2": "standard", "XW-20.1": "document", "XW-27.1": "document",
    "XW-27.2": "vendor", "XW-31": "security_review", "XW-32": "risk_assessment", "XZ-3.3.b": "digitisation",
    "XZ-5.8": "training", "XZ-5.9": "standard", "XZ-6.3": "responsibility_matrix", "JY-6.2": "system", "JY-25": "standard",
    "JY-33.2": "document", "JY-44": "application", "JY-46.1": "document", "JY-46.2": "vendor", "YH-22": "application",
    "JY-51": "risk_assessment", "JY-52.1": "drill",
}  # fmt: skip
PACKS = {
    "XW": "cn-henan-jiaozuo-xiuwu",
    "XZ": "cn-shanxi-xinzhou",
    "JY": "cn-henan-jiyuan",
    "YH": "cn-hunan-changsha-yuhua",
}
EVERY = [(pack, r.key) for pack in PACKS.values() for r in values.registers(packs.load(pack).at(ON))]


def whole(register: Register, county: County) -> tuple[dict[str, Any], dict[str, Accepted]]:
    """A value for every field, in the shape its kind asks for."""
    made: dict[str, Any] = {
        "text": "示例文字", "long_text": "示例说明", "date": "2026-09-01", "number": 12, "flag": True, "url": "https://example.invalid/",
        "department": county.provider.pk, "person": county.clerk.pk,
    }  # fmt: skip
    fields = {
        f.name: f.choices[0] if f.kind == "choice" else made.get(f.kind)
        for f in register.fields
        if f.kind != "document"
    }
    file = accept(SimpleUploadedFile("附件.pdf", b"%PDF-1.7"))
    if "endpoint" in fields:
        fields["endpoint"] = "10.20.0.0/16"
    return fields, {f.name: file for f in register.fields if f.kind == "document"}


def enter(county: County, kind: str, drop: str = "") -> Entry:
    register = queries.register(county.jurisdiction, kind, ON)
    fields, files = whole(register, county)
    home = county.authority if register.kept_by == "authority" else county.provider
    return actions.add_entry(
        kind=kind,
        department=home,
        fields={n: v for n, v in fields.items() if n != drop},
        files={n: v for n, v in files.items() if n != drop},
        by=county.reviewer if register.kept_by == "authority" else county.clerk,
        at=AT,
    )


@pytest.mark.parametrize(("pack", "kind"), EVERY)
def test_register_takes_a_whole_entry_and_names_what_is_missing(pack: str, kind: str) -> None:
    county = make_county(pack, "某地", "r-")
    entry = enter(county, kind)
    assert entry.changes.get().after == entry.fields
    for field in queries.register(county.jurisdiction, kind, ON).fields:
        if not field.required:
            continue
        with pytest.raises(Invalid) as refused:
            enter(county, kind, drop=field.name)
        missing = [p for p in refused.value.problems if p.code == "registers.missing_field"]
        assert [(p.where, p.reference) for p in missing] == [(field.title, field.reference)]


@pytest.mark.parametrize("row", [pytest.param(row, marks=pytest.mark.article(row)) for row in SUPPORTING])
def test_supporting_duty_is_kept_in_its_register(row: str) -> None:
    county = make_county(PACKS[row.split("-")[0]], "某地", "r-")
    kind = SUPPORTING[row]
    entry = enter(county, kind)
    register = queries.register(county.jurisdiction, kind, ON)
    assert queries.entries(county.jurisdiction, kind).get() == entry
    assert queries.visible_entries(county.auditor, kind).get() == entry, "who oversees reads it"
    cited = {register.reference.article, *(f.reference.article for f in register.fields)}
    article = county.jurisdiction.law.at(ON).article(row).reference.article
    heads = {c[:4] for c in cited}
    assert article[:4] in heads or kind == "document", (article, cited)


@pytest.mark.article("XZ-5.4.3")
def test_guides_are_kept_by_the_authority_and_open_to_every_user(xinzhou: County) -> None:
    register = queries.register(xinzhou.jurisdiction, "guide", ON)
    topics = next(f for f in register.fields if f.name == "topic").choices
    for topic in topics:
        actions.add_entry(
            kind="guide", department=xinzhou.authority, by=xinzhou.reviewer, at=AT,
            fields={"title": f"{topic}指南", "topic": topic, "text": "步骤说明", "issued_on": "2026-09-01"},
        )  # fmt: skip
    with pytest.raises(NotAllowed) as refused:
        actions.add_entry(kind="guide", department=xinzhou.provider, fields={}, by=xinzhou.clerk, at=AT)
    assert refused.value.reference is not None
    assert refused.value.reference.row == "XZ-5.4.3"
    assert len(topics) == 4, "accounts, publishing, applying and reviewing, the catalogue"
    for person in (xinzhou.user, xinzhou.clerk, xinzhou.auditor):
        assert queries.visible_entries(person, "guide").count() == len(topics)


@pytest.mark.article("XZ-6.4")
def test_security_body_officer_plan_and_restore_drill_are_on_record(xinzhou: County) -> None:
    body = enter(xinzhou, "security_officer")
    assert body.fields["officer"] == xinzhou.clerk.pk
    drill = queries.register(xinzhou.jurisdiction, "drill", ON)
    kinds = next(f for f in drill.fields if f.name == "kind").choices
    assert len(kinds) >= 2, "emergency plan and disaster recovery are told apart"
    for kind in kinds:
        fields, _ = whole(drill, xinzhou)
        actions.add_entry(
            kind="drill", department=xinzhou.authority, fields={**fields, "kind": kind}, by=xinzhou.reviewer, at=AT
        )
    failed = queries.entries(xinzhou.jurisdiction, "drill").first()
    assert failed is not None
    actions.change_entry(
        entry_id=failed.pk,
        seen_revision=1,
        fields={**failed.fields, "passed": False},
        note="恢复超时",
        by=xinzhou.reviewer,
        at=AT,
    )
    Role.objects.create(
        person=xinzhou.user, department=xinzhou.consumer, kind="inspector", office="cyber", granted_at=AT
    )
    seen = queries.visible_entries(xinzhou.user, "drill")
    assert sorted(e.fields["passed"] for e in seen) == [False, *[True] * (len(kinds) - 1)]
