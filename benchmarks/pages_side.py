"""One platform over one database, answering the page benchmark's questions on its standard input, a JSON line each."""

import argparse
import contextlib
import json
import os
import re
import sys
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "yishu.config.settings"
django.setup()  # the settings and models below are this process's own

from django.conf import settings  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.test import Client  # noqa: E402
from django.utils import timezone  # noqa: E402

from benchmarks.pages_county import County, Size  # noqa: E402
from yishu.cases.models import Case  # noqa: E402
from yishu.cases.reminders import sweep_clocks  # noqa: E402
from yishu.catalogue import search, suggestions  # noqa: E402
from yishu.catalogue.folding import fold, pinyin_pattern  # noqa: E402
from yishu.catalogue.models import SearchEntry  # noqa: E402
from yishu.catalogue.segmenting import content_words  # noqa: E402
from yishu.orgs.models import Person  # noqa: E402

SEARCHES: Mapping[str, str] = {
    "浏览": "",
    "常见词": "q=登记",
    "很常见词": "q=信息",
    "罕见词": "q=古树名木",
    "两个词": "q=食品 注销",
    "整句": "q=食品经营许可的注销信息",
    "没有": "q=量子纠缠",
    "错字": "q=不动产全登记",
    "首字母": "q=gsmm",
    "全拼": "q=gushumingmu",
    "常见全拼": "q=shipinjingying",
    "筛选": "share_type=conditional",
    "词加筛选": "q=登记&update_cycle=monthly&share_type=conditional",
    "按名称": "sort=title",
    "词按日期": "q=许可&sort=-published_on",
    "翻页": "q=登记&page=20",
}


class Platform:
    """The platform over one database: fills it, answers what is asked of it."""

    def __init__(self, size: Size) -> None:
        self.size = size

    def fill(self) -> dict[str, Any]:
        """Make the county."""
        return County(self.size).fill()

    def names(self) -> list[str]:
        """The pages that are measured."""
        return list(self.pages)

    def filled(self) -> bool:
        """Whether an earlier run left this database complete."""
        if "cases_case" not in connection.introspection.table_names():
            return False
        return Case.objects.count() > self.size.cases

    def open(self) -> None:
        """Sign both people in and name the pages that are measured."""
        settings.ALLOWED_HOSTS = ["testserver"]
        self.clients = {}
        for name in ("林", "赵"):
            client = Client(raise_request_exception=True)
            client.force_login(
                Person.objects.get(username=f"bench-{name}"),
                backend="allauth.account.auth_backends.AuthenticationBackend",
            )
            self.clients[name] = client
        self.county_id = Person.objects.get(username="bench-林").department.jurisdiction_id
        cases = list(Case.objects.order_by("number").values_list("pk", flat=True)[:50])
        ids = [1000 + n * 37 % self.size.resources for n in range(50)]
        self.pages = {
            "work list: waiting": ("林", ["/"]),
            "work list: open, filtered": ("林", ["/?tab=open&light=red", "/?tab=open&q=登记"]),
            "work list: page 20": ("林", ["/?page=20"]),
            "work list of a provider": ("赵", ["/?tab=open"]),
            "resource page": ("赵", [f"/catalogue/{pk}/" for pk in ids]),
            "case page": ("林", [f"/cases/{pk}/" for pk in cases]),
            **{f"search: {name}": ("赵", [f"/catalogue/?{query}"]) for name, query in SEARCHES.items()},
            "suggestions": (
                "赵",
                ["/catalogue/suggest/?q=食", "/catalogue/suggest/?q=sp", "/catalogue/suggest/?q=登记"],
            ),
        }

    def get(self, name: str, turn: int) -> float:
        """Seconds one request of a page took; raises unless it answers 200."""
        who, urls = self.pages[name]
        client, url = self.clients[who], urls[turn % len(urls)]
        began = time.perf_counter()
        response = client.get(url)
        took = time.perf_counter() - began
        if response.status_code != 200:
            raise RuntimeError(f"{url}: {response.status_code}")
        return took

    def check(self) -> list[str]:
        """Every search against a scan of all rows: what is wrong, in words."""
        wrong = []
        for name, query in SEARCHES.items():
            asked = {k: v[0] for k, v in parse_qs(query).items() if k not in ("sort", "page")}
            text = asked.pop("q", "")
            found = suggestions.find_or_meant(self.county_id, text, asked)
            wanted = self._scan(found.meant or text, asked)
            ids = {hit.id for hit in found.hits}
            if found.more != (len(wanted) > search.MOST) or (ids - wanted if found.more else ids ^ wanted):
                wrong.append(f"{name}: {len(ids)} found, {len(wanted)} there, more={found.more}")
            if name == "错字" and found.meant != "不动产权登记":
                wrong.append(f"{name}: meant {found.meant}")
        return wrong

    def _scan(self, text: str, filters: Mapping[str, str]) -> set[int]:
        """What a search must find, read row by row without any index."""
        words = fold(text).split()
        spoken = [re.compile(pinyin_pattern(w)) if re.fullmatch("[a-z]{2,}", w) else None for w in words]
        pieces = [p for w in words for p in content_words(w)]
        found = set()
        rows = SearchEntry.objects.filter(jurisdiction_id=self.county_id, **filters)
        for pk, held, pinyin in rows.values_list("pk", "text", "pinyin").iterator(chunk_size=10_000):
            literal = all(w in held or (p is not None and p.search(pinyin)) for w, p in zip(words, spoken, strict=True))
            if literal or all(p in held for p in pieces):
                found.add(pk)
        return found

    def sweep(self) -> float:
        """Seconds per open case of the hourly sweep when every one has something to tell; undone afterwards."""
        later = timezone.now() + timedelta(days=60)
        with contextlib.suppress(_Undo), transaction.atomic():
            began = time.perf_counter()
            count = sweep_clocks(later)
            took = time.perf_counter() - began
            raise _Undo
        if count < self.size.cases:
            raise RuntimeError(f"the sweep saw {count} of {self.size.cases} cases")
        return took / count


class _Undo(Exception):
    pass


def serve(size: Size) -> None:
    """Answer the parent's questions, one JSON line each."""
    platform = Platform(size)
    for line in sys.stdin:
        asked = json.loads(line)
        answer = getattr(platform, asked["do"])(*asked.get("args", ()))
        print("=" + json.dumps(answer, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    reader = argparse.ArgumentParser()
    reader.add_argument("--resources", type=int)
    reader.add_argument("--cases", type=int)
    asked = reader.parse_args()
    serve(Size(asked.resources, asked.cases))
