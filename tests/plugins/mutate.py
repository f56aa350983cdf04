"""pytest plugin of ``tests.conformance.mutate``: instead of running the tests once, it changes the law and asks who notices."""

import functools
import json
import os
import signal
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

from tests.conformance.mutations import Mutation, in_scope, mutations, rows_at
from yishu.law import packs

SECONDS = 120
"""A test under a changed law that takes longer counts as having noticed."""
KEPT = ("yishu.law.statutory", "yishu.law.calendar", "yishu.stewardship.naming")
"""Modules whose caches hold no pack: forgetting them would only cost time."""


class _Elsewhere(pytest.Item):
    """The item said to come next, so that each run ends with everything torn down but what lasts the session."""

    def runtest(self) -> None:  # pragma: no cover
        raise AssertionError("never run")


class _TooLong(BaseException):
    pass


def _too_long(*_: object) -> None:
    raise _TooLong


class Trial:
    """Runs tests under one law or another."""

    def __init__(self, session: pytest.Session, share: dict[str, Any]) -> None:
        self.session, self.share = session, share
        self.elsewhere = _Elsewhere.from_parent(session, name="elsewhere")
        self.sound: dict[str, bool] = {}
        self.killers: dict[tuple[str, ...], str] = {}
        self.by_row: dict[str, list[pytest.Item]] = defaultdict(list)
        self.by_key: dict[tuple[str, str], list[pytest.Item]] = defaultdict(list)
        self.found: dict[str, list[str]] = {"noticed": [], "missed": [], "unusable": []}
        for item in session.items:
            self._note(item)
        self.caches = list(_caches())

    def _note(self, item: pytest.Item) -> None:
        for mark in item.iter_markers("article"):
            for row in mark.args:
                self.by_row[str(row)].append(item)
        if self.share["through_platform"]:
            return
        for mark in item.iter_markers("law_value"):
            for row in mark.args:
                self.by_row[str(row)].append(item)
            if mark.kwargs:
                self.by_key[mark.kwargs["pack"], mark.kwargs["key"]].append(item)

    def run(self) -> None:
        """Every change of this process's share."""
        known = {pack_id: packs.load(pack_id) for pack_id in packs.pack_ids()}
        number = 0
        for pack in known.values():
            if self.share["pack"] not in ("", pack.id):
                continue
            for mutation in mutations(pack):
                if not in_scope(mutation.key, self.share["scope"]) or self.share["key"] not in ("", mutation.key):
                    continue
                number += 1
                if number % self.share["jobs"] == self.share["job"]:
                    state = "noticed" if self._noticed(mutation, known) else "missed"
                    self.found[state].append(str(mutation))
        self.found["unusable"] = [test for test, sound in self.sound.items() if not sound]

    def _noticed(self, mutation: Mutation, known: dict[str, packs.Pack]) -> bool:
        place = (mutation.pack.id, mutation.key)
        tests = list(self.by_key[place])
        for reference in mutation.references:
            for row in rows_at(mutation.pack, known, reference):
                tests += self.by_row[row]
        tests = list(dict.fromkeys(tests))
        killer = self.killers.get(place, "")
        tests.sort(key=lambda item: item.nodeid != killer)
        for item in tests:
            if self._usable(item) and not self._under(mutation, item):
                self.killers[place] = item.nodeid
                return True
        return False

    def _usable(self, item: pytest.Item) -> bool:
        """Whether a test passes while the law is unchanged; tried once."""
        if item.nodeid not in self.sound:
            self.sound[item.nodeid] = self._passes(item)
        return self.sound[item.nodeid]

    def _under(self, mutation: Mutation, item: pytest.Item) -> bool:
        try:
            packs.override(mutation.pack, pack_id=mutation.pack.id)
            self._forget()
            return self._passes(item)
        finally:
            packs.override(None, pack_id=mutation.pack.id)
            self._forget()

    def _forget(self) -> None:
        for cache in self.caches:
            cache.cache_clear()

    def _passes(self, item: pytest.Item) -> bool:
        signal.signal(signal.SIGALRM, _too_long)
        signal.alarm(SECONDS)
        try:
            reports = runtestprotocol(item, log=False, nextitem=self.elsewhere)
        except _TooLong:
            return False
        finally:
            signal.alarm(0)
        return all(report.passed for report in reports)


_CACHED = type(functools.cache(len))
"""What ``functools.cache`` and ``lru_cache`` make; asking by attribute would ask libraries that answer to every name."""


def _caches() -> Iterator[Any]:
    """Every cache of the platform that could hold something read off a pack."""
    seen = set()
    for name, module in list(sys.modules.items()):
        if name.startswith("yishu.") and name not in KEPT:
            for held in vars(module).values():
                if isinstance(held, _CACHED) and id(held) not in seen:
                    seen.add(id(held))
                    if getattr(held, "__module__", name) not in KEPT:
                        yield held


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Only tests that say what law they prove."""
    items[:] = [item for item in items if any(item.iter_markers("article")) or any(item.iter_markers("law_value"))]


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool:
    """The changes instead of the tests."""
    share = json.loads(os.environ["YISHU_TEST_MUTATE"])
    trial = Trial(session, share)
    trial.run()
    session._setupstate.teardown_exact(None)
    Path(share["report"]).write_text(json.dumps(trial.found, ensure_ascii=False))
    return True
