"""Every deadline of the regulations, asked of ``yishu packs explain`` in every pack, as written and under the national regulation.

Numbers are working days; ``–`` the text sets none; ``10+10 负责人`` may be prolonged by ten in all with that person's consent.
"""

import re

import pytest

from yishu.cli import main

PACKS = {
    "修武": "cn-henan-jiaozuo-xiuwu",
    "忻州": "cn-shanxi-xinzhou",
    "济源": "cn-henan-jiyuan",
    "雨花": "cn-hunan-changsha-yuhua",
    "全国": "cn",
}
HEAD, DATA = "主要负责人", "数据主管"
AS_WRITTEN = {
    # key: 修武, 忻州, 济源, 雨花, 全国
    "catalogue.change.file": ("10", "15", "5", "15", f"10+5 {DATA}"),
    "catalogue.change.review": ("5", "–", "5", "–", "2"),
    "share.uncond.review": ("0", "2", "–", "–", f"1+10 {DATA}"),
    "share.cond.compliance": ("–", "2", "–", "–", "–"),
    "share.cond.reply": ("–", "5", "–", "–", f"10+10 {DATA}"),
    "share.dedicated.access": ("–", "0", "–", "–", "–"),
    "share.provide": ("–", "–", "–", "–", "20"),
    "api.extra.extension": ("–", "–", f"逐案+5 {DATA}", "–", "–"),
    "check.verify": (f"10+10 {HEAD}", "5", "5", "–", "10"),
    "check.correct": ("–", "–", "10", "–", "–"),
    "open.objection.reply": ("–", "–", f"10+10 {HEAD}", "–", "–"),
    "open.cond.reply": ("–", "–", f"10+10 {HEAD}", "–", "–"),
    "open.uncond.access": ("–", "–", "0", "–", "–"),
    "report.dept.annual": ("–", "–", "每年", "–", "–"),
    "report.authority.annual": ("–", "–", "每年", "–", "–"),
    "assessment": ("每年", "–", "每年", "每年", "–"),
    "risk.assessment": ("定期", "–", "定期", "–", "–"),
    "incident.response": ("–", "–", "0", "–", "0"),
    "rectification": ("逐案", "逐案", "逐案", "–", "逐案"),
    "log.retention_months": ("–", "–", "6", "–", "36"),
    "rules.validity": ("–", "五年", "–", "两年", "–"),
}
OVERLAID = {
    # what the national regulation changes: 修武, 忻州, 济源, 雨花; the other cells stay as written
    "catalogue.change.file": ("10", f"10+5 {DATA}", "5", f"10+5 {DATA}"),
    "catalogue.change.review": ("2", "2", "2", "2"),
    "share.uncond.review": (f"1+10 {DATA}",) * 4,
    "share.cond.reply": (f"10+10 {DATA}", "5", f"10+10 {DATA}", f"10+10 {DATA}"),
    "share.provide": ("20", "20", "20", "20"),
    "check.verify": ("10", "5", "5", "10"),
    "check.whole": ("10", "5", "10", "10"),
    "incident.response": ("0", "0", "0", "0"),
    "rectification": ("逐案", "逐案", "逐案", "逐案"),
    "log.retention_months": ("36", "36", "36", "36"),
}


def explained(capsys, pack, key, mode, on="2026-09-18"):
    """What the command prints of one full key."""
    full = key if key.startswith(("log.", "rules.")) else f"clocks.{key}"
    assert main(["packs", "explain", pack, full, "--on", on, "--mode", mode]) == 0
    out = capsys.readouterr().out
    assert f"\n{full}（" in out and re.search(r"出处：\S", out), "answered, with its place in a text"
    return out


def cell(out):
    """The term of an answer as the tables above write it."""
    said = re.search(r"  值：(.*)", out)[1]
    for pattern, word in (
        (r"文本未规定", "–"), (r"即时（0 个工作日）", "0"), (r"逐案确定", "逐案"), (r"定期", "定期"), (r"每年", "每年"),
        (r"(\d+) 个工作日", r"\1"), (r"(\d+|五年|两年).*", r"\1"),
    ):  # fmt: skip
        if re.match(pattern, said):
            said = re.sub(rf"^{pattern}.*$", word, said)
            break
    longer = re.search(r"延长：合计不超过 (\d+) 个工作日，须经(.*?)同意", out)
    return f"{said}+{longer[1]} {longer[2]}" if longer else said


@pytest.mark.parametrize("key", sorted(AS_WRITTEN))
def test_explain_of_a_deadline_answers_in_every_pack_as_written(key, capsys):
    found = tuple(cell(explained(capsys, pack, key, "as_written")) for pack in PACKS.values())
    assert found == AS_WRITTEN[key]


@pytest.mark.parametrize("key", sorted(AS_WRITTEN.keys() | OVERLAID.keys()))
def test_explain_of_a_deadline_answers_in_every_pack_under_the_overlay(key, capsys):
    local = [pack for name, pack in PACKS.items() if name != "全国"]
    found = tuple(cell(explained(capsys, pack, key, "overlaid")) for pack in local)
    assert found == OVERLAID.get(key, AS_WRITTEN.get(key, ())[:4])


@pytest.mark.parametrize("key", sorted(OVERLAID.keys() & AS_WRITTEN.keys()))
def test_explain_before_the_national_regulation_gives_the_local_text_alone(key, capsys):
    local = [pack for name, pack in PACKS.items() if name != "全国"]
    found = tuple(cell(explained(capsys, pack, key, "overlaid", "2025-07-31")) for pack in local)
    assert found == AS_WRITTEN[key][:4]


def test_explain_of_the_annual_reports_says_by_which_date(capsys):
    department = explained(capsys, PACKS["济源"], "report.dept.annual", "as_written")
    authority = explained(capsys, PACKS["济源"], "report.authority.annual", "as_written")
    assert "1月底前" in department and "2月底前" in authority
