"""What packs may hold since format 2: texts of parts, annexes, inheritance, numbers, registers, silences, outer clocks."""

from datetime import date

import pytest

from yishu.law import folders, packs, values
from yishu.law.check import check
from yishu.law.instruments import article_of

DAY = date(2026, 9, 18)
REGISTER = """\
registers:
  system:
    title: 系统
    reference: {article: 第二条}
    kept_by: department
    review_months: 12
    title_field: name
    fields:
      name: {title: 名称, kind: text, required: true}
      state: {title: 状态, kind: choice, required: false, choices: [在用, 停用], reference: {article: 第三条}}
"""
PARTS = """\
id: parts
name: 分部市
instrument: 分部市意见
short_name: 分部意见
division_code: "410000"
status: in_force
parent: nation
places: parts
inherits: guide
validity: {from: 2022-01-05, until: none, reference: {article: 八（二）}}
interpreter: {text: 某局, reference: {article: 八（二）}}
basis:
  - {text: 上级办法, reference: {article: 前言}}
"""
PARTS_LAW = """\
articles:
  前言: {summary: 依据}
  五（三）: {summary: 流程, rows: {PA-1: {place: 五（三）2, summary: 五日}}}
  七: {summary: 监督}
  八（二）: {summary: 解释}
clocks:
  share.cond.reply:
    title: 答复
    working_days: 5
    actor: provider
    starts_at: application_received
    ends_with: replied
    reference: {article: 五（三）2, row: PA-1}
silent:
  procedures.opening.application: {title: 开放申请, note: 本意见不涉及开放, reference: {article: 全文}}
"""
NATION = """\
id: nation
name: 全国
instrument: 国家条例
short_name: 国家条例
division_code: "000000"
status: in_force
parent: none
validity: {from: 2020-01-01, until: none, reference: {article: 第一条}}
interpreter: {text: 国务院, reference: {article: 第一条}}
basis: []
annexes:
  guide: {instrument: 编制指南全称, short_name: 指南, places: [更新周期, 分类]}
"""
NATION_LAW = """\
articles:
  第一条: {summary: 总则}
options:
  update_cycles:
    title: 更新周期
    reference: {annex: guide, article: 更新周期}
    options: {daily: {title: 每日, reference: {annex: guide, article: 更新周期}}}
  org_kinds:
    title: 部门
    reference: {article: 第一条}
    options: {government: {title: 部门, reference: {article: 第一条}}}
values:
  log.retention_months: {title: 留存, value: 36, reference: {article: 第一条}}
"""


@pytest.fixture
def two_packs(tmp_path):
    """A text of parts below a national one with an annex."""
    folder = tmp_path / "two"
    for name, head, law in (("parts", PARTS, PARTS_LAW), ("nation", NATION, NATION_LAW)):
        (folder / name).mkdir(parents=True)
        (folder / name / "pack.yaml").write_text(head)
        (folder / name / "law.yaml").write_text(law)
    return folder


def replaced(path, written, replacement):
    source = path.read_text()
    assert written in source
    path.write_text(source.replace(written, replacement, 1))


@pytest.mark.parametrize(
    ("place", "article"),
    [
        ("第十四条第二款", "第十四条"),
        ("第十九条第一款第一项", "第十九条"),
        ("五（三）2", "五（三）"),
        ("五（三）", "五（三）"),
        ("七", "七"),
        ("前言", "前言"),
        ("核心元数据", ""),
        ("全文", ""),
        ("5(3)", ""),
    ],
)
def test_article_of_a_place_in_either_style(place, article):
    assert article_of(place) == article


def test_check_of_a_text_of_parts_with_an_annex_above_finds_nothing(two_packs):
    assert check(two_packs).problems == ()


@pytest.mark.parametrize(
    ("written", "replacement", "words"),
    [
        ("{article: 五（三）2, row: PA-1}", "{article: 第五条}", "应写作“五（三）2”"),
        ("{article: 五（三）2, row: PA-1}", "{article: 七, row: PA-1}", "与 article 不一致"),
        ("{article: 五（三）2, row: PA-1}", "{article: 六（一）}", "没有六（一）"),
        ("{article: 五（三）2, row: PA-1}", "{annex: guide, article: 分类}", "没有附件"),
        ("{article: 五（三）2, row: PA-1}", "{pack: nation, article: 第一条}", "只有叠加"),
        ("  七: {", "  第七条: {", "键应写作“五（三）”"),
        ("procedures.opening.application:", "procedures.opening.party:", "不认识的键"),
        ("procedures.opening.application:", "clocks.share.cond.reply:", "已有值"),
        ("note: 本意见不涉及开放, ", "", "缺少此键"),
    ],
)
def test_check_of_a_broken_text_of_parts_says_what_is_expected(two_packs, written, replacement, words):
    replaced(two_packs / "parts" / "law.yaml", written, replacement)
    assert [p for p in check(two_packs).problems if words in p.expected]


@pytest.mark.parametrize(
    ("written", "replacement", "words"),
    [
        ("{annex: guide, article: 更新周期}\n    options", "{annex: guide, article: 周期}\n    options", "应为附件指南的位置之一"),
        ("{annex: guide, article: 更新周期}\n    options", "{annex: book, article: 分类}\n    options", "应为以下之一：guide"),
        ("value: 36", "value: three", "应为不小于 0 的整数"),
        ("value: 36", 'value: "36"', "应为不小于 0 的整数"),
    ],
)  # fmt: skip
def test_check_of_a_broken_national_text_says_what_is_expected(two_packs, written, replacement, words):
    replaced(two_packs / "nation" / "law.yaml", written, replacement)
    assert [p for p in check(two_packs).problems if words in p.expected]


def test_inheriting_the_guide_takes_what_stands_in_an_annex_and_no_more(two_packs):
    view = packs.load("parts", two_packs).at(DAY)
    found = view.get("options.update_cycles")
    assert (found.reference.pack, found.reference.instrument, found.reference.article) == ("nation", "指南", "更新周期")
    assert not view.has("options.org_kinds")
    assert not view.has("log.retention_months")
    assert packs.load("nation", two_packs).at(DAY).article("分类").summary == "见《编制指南全称》“分类”部分"


def test_inheriting_all_takes_every_key_not_held(two_packs):
    replaced(two_packs / "parts" / "pack.yaml", "inherits: guide", "inherits: all")
    view = packs.load("parts", two_packs).at(DAY)
    assert values.number(view, "log.retention_months")[0] == 36
    assert values.option(view, "org_kinds", "government").reference.pack == "nation"
    assert values.clock(view, "share.cond.reply").working_days == 5


def test_inheriting_nothing_is_the_default(two_packs):
    replaced(two_packs / "parts" / "pack.yaml", "inherits: guide\n", "")
    assert not packs.load("parts", two_packs).at(DAY).has("options.update_cycles")


def test_silent_key_is_missing_with_what_the_pack_says_about_it(two_packs):
    view = packs.load("parts", two_packs).at(DAY)
    assert view.silence("procedures.opening.application").title == "开放申请"
    with pytest.raises(packs.Missing) as caught:
        values.procedure(view, "opening.application")
    assert caught.value.why == "本意见不涉及开放"


def test_register_is_read_with_its_fields(pack_folder):
    (pack_folder / "registers.yaml").write_text(REGISTER)
    register = values.register(packs.load("sample", pack_folder.parent).at(DAY), "system")
    assert (register.kept_by, register.review_months, register.title_field) == ("department", 12, "name")
    assert [(f.name, f.kind, f.required, f.choices) for f in register.fields] == [
        ("name", "text", True, ()),
        ("state", "choice", False, ("在用", "停用")),
    ]
    assert [f.reference.article for f in register.fields] == ["第二条", "第三条"]
    assert [r.key for r in values.registers(packs.load("sample", pack_folder.parent).at(DAY))] == ["system"]


@pytest.mark.parametrize(
    ("written", "replacement", "words"),
    [
        ("  system:", "  sistem:", "不认识的登记簿"),
        ("kept_by: department", "kept_by: mayor", "以下之一"),
        ("review_months: 12", "review_months: 0", "不小于 1"),
        ("title_field: name", "title_field: nam", "以下之一"),
        ("kind: text", "kind: novel", "以下之一"),
        (", choices: [在用, 停用]", "", "须写 choices"),
        ("kind: text,", "kind: text, choices: [甲],", "只有 kind 为 choice"),
        ("required: true", "required: must", "true、false"),
    ],
)
def test_check_of_a_broken_register_says_what_is_expected(pack_folder, written, replacement, words):
    (pack_folder / "registers.yaml").write_text(REGISTER)
    replaced(pack_folder / "registers.yaml", written, replacement)
    assert [p for p in check(pack_folder.parent).problems if words in p.expected]


def test_outer_clock_runs_over_the_whole_procedure(pack_folder):
    replaced(
        pack_folder / "law.yaml",
        "    start: review\n",
        "    outer_clock: catalogue.change.review\n    start: review\n",
    )
    found = values.procedure(packs.load("sample", pack_folder.parent).at(DAY), "catalogue.review")
    assert found.outer is not None
    assert found.outer.working_days == 5


def test_outer_clock_that_is_no_clock_is_a_problem(pack_folder):
    replaced(pack_folder / "law.yaml", "    start: review\n", "    outer_clock: never\n    start: review\n")
    assert [p.key for p in check(pack_folder.parent).problems] == ["procedures.catalogue.review.outer_clock"]


@pytest.mark.parametrize(
    ("rule", "good"),
    [
        ("same_day", True),
        ("next_working_day", True),
        ("next_working_day 17:30", True),
        ("next_working_day 5pm", False),
        ("later", False),
        ("unset", True),
    ],
)
def test_after_hours_is_a_rule_with_or_without_the_end_of_office_hours(pack_folder, rule, good):
    replaced(pack_folder / "law.yaml", "    working_days: 5\n", f"    working_days: 5\n    after_hours: {rule}\n")
    assert (check(pack_folder.parent).problems == ()) is good


def test_added_folder_is_searched_behind_the_shipped_one(two_packs):
    try:
        packs.add_folder(two_packs)
        assert {"nation", "parts", "cn"} <= set(packs.pack_ids())
        assert packs.Law("parts").at(DAY).has("options.update_cycles")
        (two_packs / "cn").mkdir()
        (two_packs / "cn" / "pack.yaml").write_text("id: cn\n")
        packs.reload()
        assert packs.load("cn").instrument.startswith("政务数据共享条例")
    finally:
        folders.remove(two_packs)
        packs.reload()
    with pytest.raises(packs.NoPack):
        packs.load("parts")
    with pytest.raises(NotADirectoryError):
        packs.add_folder(two_packs / "nothing")


def test_law_gives_the_same_view_each_time_until_packs_change():
    law = packs.Law("cn")
    heard = []
    packs.on_reload(lambda: heard.append(1))
    first = law.at(DAY)
    assert law.at(DAY) is first
    packs.reload()
    assert heard
    assert law.at(DAY) is not first
    assert law.at(DAY) == first


def test_law_of_an_unknown_mode_is_refused():
    with pytest.raises(ValueError, match="no mode"):
        packs.Law("cn", "sideways").at(DAY)


def test_override_stands_in_for_a_pack_and_is_taken_back():
    pack = packs.load("cn-henan")
    try:
        packs.override(type(pack)(**{f: getattr(pack, f) for f in pack.__slots__} | {"name": "别处"}), pack_id=pack.id)
        assert packs.load("cn-henan").name == "别处"
    finally:
        packs.override(None, pack_id=pack.id)
    assert packs.load("cn-henan").name == "河南省"
