"""叠加: what stands when a local text and the national regulation meet, and what the checker lets pass."""

import re
from datetime import date

import pytest

from yishu.law import packs, values
from yishu.law.check import check

BEFORE, AFTER = date(2025, 7, 31), date(2025, 8, 1)
HEAD = """\
id: {id}
name: {id}
instrument: {id}办法
short_name: {id}办法
division_code: "410000"
status: in_force
parent: {parent}
validity: {{from: 2020-01-01, until: none, reference: {{article: 第一条}}}}
interpreter: {{text: 某局, reference: {{article: 第一条}}}}
basis: []
"""
CLOCK = "{{title: {title}, working_days: {days}, actor: provider, starts_at: application_received, ends_with: replied, reference: {{article: 第二条}}{more}}}"


def clock(title, days, more=""):
    return CLOCK.format(title=title, days=days, more=more)


LOCAL = f"""\
articles:
  第一条: {{summary: 总则}}
  第二条: {{summary: 时限}}
clocks:
  check.verify: {clock("校核", 15)}
  share.cond.reply: {clock("答复", 5)}
  share.provide: {clock("提供", "unset", ", period: unset")}
required:
  demand:
    title: 需求
    reference: {{article: 第二条}}
    fields: {{what: {{title: 何物, reference: {{article: 第二条}}}}, why: {{title: 何故, reference: {{article: 第二条}}}}}}
values:
  sharing.free_of_charge: {{title: 无偿, value: true, reference: {{article: 第二条}}}}
silent:
  required.enforcement: {{title: 追究, note: 本办法没有, reference: {{article: 全文}}}}
"""
NATION = f"""\
articles:
  第一条: {{summary: 总则}}
  第二条: {{summary: 时限}}
clocks:
  check.verify: {clock("校核", 10)}
  share.cond.reply: {clock("答复", 10)}
  share.provide: {clock("提供", 20)}
required:
  demand:
    title: 需求
    reference: {{article: 第二条}}
    fields: {{what: {{title: 何物, reference: {{article: 第二条}}}}}}
  enforcement:
    title: 追究
    reference: {{article: 第二条}}
    fields: {{who: {{title: 何人, reference: {{article: 第二条}}}}}}
values:
  sharing.free_of_charge: {{title: 无偿, value: true, reference: {{article: 第二条}}}}
  log.retention_months: {{title: 留存, value: 36, reference: {{article: 第二条}}}}
"""
OVERLAY = """\
overlay:
  from: 2025-08-01
  with: nation
  decisions:
    clocks.check.verify:
      title: 校核
      outcome: national
      reason: 本级较长，从条例
      local: {article: 第二条}
      national: {article: 第二条}
      conflict: [5, 6]
"""
ADAPTED = (
    """\
      outcome: adapted
      reason: 并行
      value: """
    + clock("并行校核", 8).replace("{article: 第二条}", "{pack: nation, article: 第二条}")
    + "\n"
)


@pytest.fixture
def folder(tmp_path):
    """A local text under a national one, with an overlay."""
    for name, law, parent in (("local", LOCAL, "nation"), ("nation", NATION, "none")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "pack.yaml").write_text(HEAD.format(id=name, parent=parent))
        (tmp_path / name / "law.yaml").write_text(law)
    (tmp_path / "local" / "overlay.yaml").write_text(OVERLAY)
    return tmp_path


def at(folder, day, mode="overlaid"):
    return packs.load("local", folder).at(day, mode)


def edit(path, written, replacement):
    source = path.read_text()
    assert written in source
    path.write_text(source.replace(written, replacement, 1))


def problems(folder):
    return [(p.file, p.key, p.expected) for p in check(folder).problems]


def test_overlay_takes_the_national_value_where_decided_and_cites_both(folder):
    found = at(folder, AFTER).get("clocks.check.verify")
    assert found.value.working_days == 10
    assert found.reference.pack == "nation"
    assert (found.overlay.outcome, found.overlay.decided, found.overlay.conflicts) == ("national", True, (5, 6))
    assert (found.overlay.local.pack, found.overlay.national.pack) == ("local", "nation")
    assert [d.key for d in at(folder, AFTER).decisions()] == ["clocks.check.verify"]


@pytest.mark.parametrize(("day", "mode"), [(BEFORE, "overlaid"), (AFTER, "as_written"), (BEFORE, "as_written")])
def test_local_text_stands_alone_before_the_overlay_and_as_written(folder, day, mode):
    view = at(folder, day, mode)
    assert values.clock(view, "check.verify").working_days == 15
    assert values.clock(view, "share.provide").working_days is None
    assert not view.has("log.retention_months")
    assert view.decisions() == ()
    assert view.silence("required.enforcement")


def test_local_value_stands_where_nothing_was_decided(folder):
    view = at(folder, AFTER)
    assert values.clock(view, "share.cond.reply").working_days == 5
    assert view.get("clocks.share.cond.reply").overlay is None
    assert [f.name for f in values.required(view, "demand")] == ["what", "why"]


@pytest.mark.parametrize("key", ["clocks.share.provide", "log.retention_months", "required.enforcement"])
def test_national_value_fills_what_the_local_text_does_not_set(folder, key):
    found = at(folder, AFTER).get(key)
    assert found.reference.pack == "nation"
    assert (found.overlay.outcome, found.overlay.decided) == ("national", False)
    assert found.overlay.local.pack == "local"
    assert at(folder, AFTER).silence(key) is None


def test_adapted_value_stands_as_the_overlay_writes_it(folder):
    edit(folder / "local/overlay.yaml", "      outcome: national\n      reason: 本级较长，从条例\n", ADAPTED)
    assert problems(folder) == []
    found = at(folder, AFTER).get("clocks.check.verify")
    assert (found.value.working_days, found.title, found.reference.pack) == (8, "并行校核", "nation")


def test_pack_that_inherits_all_stands_under_its_parents_overlay(folder):
    (folder / "county").mkdir()
    (folder / "county/pack.yaml").write_text(
        "id: county\nname: 县\ninstrument: 依市\nshort_name: 依市\ndivision_code: '0'\nstatus: not_included\nparent: local\ninherits: all\n"
    )
    county = packs.load("county", folder)
    assert values.clock(county.at(AFTER, "overlaid"), "check.verify").working_days == 10
    assert values.clock(county.at(AFTER), "check.verify").working_days == 15
    assert problems(folder) == []


def test_check_of_a_full_overlay_finds_nothing(folder):
    assert problems(folder) == []


LOOSER = [
    # (file, what is written, what replaces it, the key, words)
    ("local/overlay.yaml", "    clocks.check.verify:", "    clocks.share.cond.reply:", "clocks.check.verify", "15 个工作日长于 10"),
    ("local/law.yaml", clock("答复", 5), clock("答复", 11), "clocks.share.cond.reply", "11 个工作日长于 10"),
    ("local/law.yaml", clock("答复", 5), clock("答复", 5, ", extension: {working_days: 1, approver: authority, total: true, reference: {article: 第二条}}"), "clocks.share.cond.reply", "条例不得延长"),
    ("local/law.yaml", clock("答复", 5), clock("答复", "unset", ", period: per_case"), "clocks.share.cond.reply", "不如条例确定"),
    ("local/law.yaml", "{what: {title: 何物, reference: {article: 第二条}}, why", "{why", "required.demand", "少了必填内容：何物"),
    ("local/law.yaml", "title: 无偿, value: true", "title: 无偿, value: false", "sharing.free_of_charge", "宽于条例"),
    ("local/law.yaml", "values:\n", "values:\n  log.retention_months: {title: 留存, value: 6, reference: {article: 第二条}}\n", "log.retention_months", "6 少于条例的 36"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "written", "replacement", "key", "words"), LOOSER)
def test_check_of_a_looser_local_value_demands_a_decision(folder, file, written, replacement, key, words):
    edit(folder / file, written, replacement)
    assert [k for f, k, w in problems(folder) if words in w and "须在 decisions 中逐项决定" in w] == [
        f"overlay.decisions.{key}"
    ]


def test_check_of_a_looser_outcome_wants_it_accepted(folder):
    edit(folder / "local/overlay.yaml", "outcome: national", "outcome: local")
    assert [w for _, _, w in problems(folder)] == [
        "15 个工作日长于 10 个工作日；确需如此时写 accepted_looser: true 并说明理由"
    ]
    edit(folder / "local/overlay.yaml", "outcome: local", "accepted_looser: true\n      outcome: local")
    assert problems(folder) == []
    assert at(folder, AFTER).get("clocks.check.verify").overlay.accepted_looser


def test_check_of_an_acceptance_without_need_is_a_problem(folder):
    edit(folder / "local/overlay.yaml", "outcome: national", "outcome: national\n      accepted_looser: true")
    assert "并不宽于条例" in problems(folder)[0][2]


@pytest.mark.parametrize(
    ("written", "replacement", "words"),
    [
        ("with: nation", "with: moon", "没有规则包“moon”"),
        ("from: 2025-08-01", "from: soon", "真实的日期"),
        ("outcome: national", "outcome: maybe", "以下之一"),
        ("outcome: national", "outcome: adapted", "须写 value"),
        ("      conflict: [5, 6]", "      value: {}", "只有 outcome 为 adapted"),
        ("      reason: 本级较长，从条例\n", "", "缺少此键"),
        ("national: {article: 第二条}", "national: {article: 第九条}", "规则包 nation 的 articles 中没有第九条"),
        ("local: {article: 第二条}", "local: {article: 第九条}", "规则包 local 的 articles 中没有第九条"),
        ("clocks.check.verify:", "clocks.check.all:", "不认识的键"),
        ("clocks.check.verify:", "clocks.assessment:", "规则包 nation 中没有这个键"),
        ("conflict: [5, 6]", "conflict: many", "整数"),
    ],
)
def test_check_of_a_broken_overlay_says_what_is_expected(folder, written, replacement, words):
    edit(folder / "local/overlay.yaml", written, replacement)
    found = [(f, w) for f, _, w in problems(folder) if words in w]
    assert found, problems(folder)
    assert found[0][0] == "local/overlay.yaml"


def test_check_of_an_overlay_under_a_pack_that_is_no_parent_is_a_problem(folder):
    edit(folder / "local/pack.yaml", "parent: nation", "parent: none")
    assert "应在上级之中" in problems(folder)[0][2]


def test_check_of_a_procedure_whose_clock_is_gone_is_a_problem(folder):
    text = (folder / "local/law.yaml").read_text()
    dated = re.sub(r"share\.cond\.reply: \{", "share.cond.reply: {until: 2024-12-31, ", text)
    procedure = """\
procedures:
  demand.list:
    title: 需求
    reference: {article: 第二条}
    start: ask
    steps:
      ask:
        title: 提
        role: consumer
        clock: share.cond.reply
        reference: {article: 第二条}
        outcomes: {done: {title: 完, to: over, reference: {article: 第二条}}}
    finals: {over: 完成}
"""
    (folder / "local/law.yaml").write_text(dated + procedure)
    edit(folder / "nation/law.yaml", f"  share.cond.reply: {clock('答复', 10)}\n", "")
    assert ("procedures.demand.list", "2025-08-01 起没有时限 share.cond.reply，程序不能办理") in [
        (k, w) for _, k, w in problems(folder)
    ]
