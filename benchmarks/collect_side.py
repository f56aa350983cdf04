"""The platform's side of ``bench_collect``: receive one population file and run its load, as a provider and a worker do.

Usage: python benchmarks/collect_side.py FILE.csv      (YISHU_HOME and YISHU_DATABASE_URL set; ``--prepare`` makes the county)

Prints one JSON line as ``baseline_collect`` does; ``total`` covers receiving (copy, digest, fsync) and the whole load.
"""

import json
import os
import resource
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "yishu.config.settings"
django.setup()

from django.core.management import call_command  # noqa: E402  (Django first)
from django.db import transaction  # noqa: E402

from yishu.cases.models import Case  # noqa: E402
from yishu.catalogue.actions import create_resource  # noqa: E402
from yishu.catalogue.drafts import ItemDraft, ResourceDraft  # noqa: E402
from yishu.catalogue.models import Resource  # noqa: E402
from yishu.catalogue.publication import publish_version  # noqa: E402
from yishu.collection.actions import receive_upload  # noqa: E402
from yishu.collection.runs import run_load  # noqa: E402
from yishu.collection.sweeping import GRACE, sweep  # noqa: E402
from yishu.kernel.codes import organisation_check, uscc_check  # noqa: E402
from yishu.orgs import actions as orgs  # noqa: E402
from yishu.orgs.models import Person  # noqa: E402

ITEMS = (
    ItemDraft("公民身份号码", "C", length=18, required=True, identifier="person_id", is_key=True, mask="person_id"),
    ItemDraft("姓名", "C", length=120, required=True, mask="name"),
    ItemDraft("性别代码", "C", length=1, codes={"0": "未知", "1": "男性", "2": "女性", "9": "未说明"}),
    ItemDraft("民族代码", "C", length=2),
    ItemDraft("住址", "C", length=300, mask="address"),
    ItemDraft("联系电话", "C", pattern="1[3-9][0-9]{9}", mask="phone"),
    ItemDraft("更新日期", "D", required=True, newest_by=True),
)
NAMES = {
    ("required", "姓名"): "name_required",
    ("code", "性别代码"): "sex_code",
    ("pattern", "联系电话"): "phone_pattern",
    ("date_format", "更新日期"): "updated_date",
}
"""The platform's reason and item → the generator's defect; identifier reasons have the same name on both sides."""


def prepare() -> None:
    """Migrate and make a county with one published population register."""
    call_command("migrate", verbosity=0)
    if Person.objects.exists():
        return
    at = datetime.now(UTC)
    place = orgs.create_jurisdiction(pack="cn-henan-jiaozuo-xiuwu", by=None, at=at)
    head = "1141082100099000" + organisation_check("00099000")
    police = orgs.create_department(
        jurisdiction=place,
        name="修武县公安局",
        uscc=head + uscc_check(head),
        kind="government",
        is_authority=False,
        by=None,
        at=at,
    )
    clerk, _ = orgs.create_person(
        username="clerk", name="户小籍", department=police, by=None, at=at, password="Mima-2026-Shufu"
    )
    orgs.grant_role(person=clerk, kind="provider", by=None, at=at)
    draft = ResourceDraft(
        title="常住人口登记信息", summary="测速用", category="016", source_kind="system", subject_kind="natural_person",
        format_class="3", format_type="postgresql", use_purposes=("administrative_basis",), share_mode_type="interface",
        update_cycle="daily",
    )  # fmt: skip
    made = create_resource(department=police, draft=draft, items=ITEMS, by=clerk, at=at)
    case = Case.objects.create(
        number="测〔2026〕1号", jurisdiction=place, procedure="catalogue.review", law_on=at.date(), title=draft.title,
        subject_id=str(made.pk), department=police, provider=police, opened_by=clerk, opened_at=at, step="published", step_since=at, closed_at=at,
    )  # fmt: skip
    made.code, made.confirmed_share_type = "307016/000001", "unconditional"
    with transaction.atomic():
        publish_version(resource=made, case=case, grades={i.column: 1 for i in made.items.all()}, by=clerk, at=at)


def collect(file: Path) -> dict[str, object]:
    """Receive the file, run the load, and say what came of it."""
    made = Resource.objects.get()
    began = time.perf_counter()
    with file.open("rb") as stream:
        load = receive_upload(
            resource_code=made.code or "",
            file=stream,
            file_name=file.name,
            by=Person.objects.get(username="clerk"),
            at=datetime.now(UTC),
        )
    received = time.perf_counter() - began
    load = run_load(load.pk)
    total = time.perf_counter() - began
    if load.state != load.State.PUBLISHED:
        raise SystemExit(f"the load failed: {load.error}")
    reasons = {NAMES.get((r["code"], r["name"]), r["code"]): r["rows"] for r in load.report["reasons"]}
    sweep(at=datetime.now(UTC) + 2 * GRACE)
    return {
        "rows": load.rows_read,
        "kept": load.rows_kept,
        "rejects": reasons,
        "seconds": {"receive": round(received, 3), **load.report["stages"]},
        "total": round(total, 3),
        "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


if __name__ == "__main__":
    if sys.argv[1] == "--prepare":
        prepare()
    else:
        print(json.dumps(collect(Path(sys.argv[1])), ensure_ascii=False))
