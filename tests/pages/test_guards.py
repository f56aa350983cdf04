"""Rules every page of every context keeps; these tests read all templates and all URLs."""

import json
import re
from pathlib import Path

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

import yishu
from yishu.config.urls import PUBLIC

ROOT = Path(yishu.__file__).parent
TEMPLATES = sorted(ROOT.glob("*/templates/**/*.html")) + sorted(ROOT.glob("*/*/templates/**/*.html"))
ICONS = set(json.loads((ROOT / "pages/assets/icons.json").read_text()))


def names(patterns, prefix=""):
    for entry in patterns:
        if isinstance(entry, URLResolver):
            yield from names(entry.url_patterns, prefix + str(entry.pattern))
        elif isinstance(entry, URLPattern):
            yield prefix + str(entry.pattern), entry


def test_urls_without_sign_in_are_exactly_the_public_list():
    found = list(names(get_resolver().url_patterns))
    assert len(found) > 20
    public = {entry.name for _, entry in found if not getattr(entry.callback, "login_required", True)}
    assert public == PUBLIC


@pytest.mark.django_db
def test_urls_asked_by_nobody_lead_to_the_sign_in(client):
    from django.urls import reverse
    from django.urls.converters import get_converters

    samples = {"int": "1", "uuid": "00000000-0000-0000-0000-000000000001", "str": "x", "path": "x", "slug": "x"}
    assert set(samples) <= set(get_converters())
    for path, entry in names(get_resolver().url_patterns):
        if entry.name in PUBLIC:
            continue
        url = "/" + re.sub(r"<(?:(\w+):)?\w+>", lambda m: samples.get(m.group(1) or "str", "x"), path)
        for method in (client.get, client.post):
            answer = method(url)
            assert answer.status_code == 302 and answer["Location"].startswith(reverse("account_login")), path


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda p: str(p.relative_to(ROOT)))
def test_template_has_no_inline_script_or_style(template):
    text = template.read_text()
    assert not re.search(r"<script(?![^>]*\bsrc=)[^>]*>", text, re.I), "inline script"
    assert not re.search(r"<style\b|\sstyle\s*=|\son[a-z]+\s*=|hx-on|javascript:", text, re.I), (
        "inline style or handler"
    )
    assert not re.search(r"""(?:src|href)=["'](?:https?:)?//""", text, re.I), "something from elsewhere"
    assert "|safe" not in text and "{% autoescape off" not in text
    for form in re.findall(r"<form\b[^>]*method=\"post\".*?</form>", text, re.I | re.S):
        assert "csrf" in form, "form without csrf_token"


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda p: str(p.relative_to(ROOT)))
def test_template_icons_are_in_the_sprite(template):
    for name in re.findall(r"""(?:\{% icon |icon_name=)["']([a-z0-9-]+)["']""", template.read_text()):
        assert name in ICONS, f"add {name} to pages/assets/icons.json"


def test_navigation_icons_are_in_the_sprite():
    from yishu.pages.navigation import NAVIGATION

    assert {place.icon for _, places in NAVIGATION for place in places} <= ICONS


def test_package_lock_names_no_registry():
    lock = (ROOT.parent / "package-lock.json").read_text()
    assert '"resolved"' not in lock and "registry" not in lock
    assert all("integrity" in p for name, p in json.loads(lock)["packages"].items() if name)


def test_front_end_is_built_and_holds_what_pages_ask_for():
    vendor = ROOT / "pages/static/yishu/vendor"
    assert vendor.is_dir(), "run `npm ci && npm run build`"
    sprite = (vendor / "icons.svg").read_text()
    assert all(f'id="{name}"' in sprite for name in ICONS)
    assert (vendor / "tabler.css").stat().st_size > 100_000 and (vendor / "app.js").stat().st_size > 10_000
    assert "@font-face" not in (vendor / "tabler.css").read_text()
