"""A fifth county that is only YAML (examples/new-jurisdiction): checked, explained and read without a line of Python."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from yishu.cli import main
from yishu.config.environment import BadSetting, read_environment
from yishu.law import check, clocks, folders, packs, values
from yishu.law.calendar import standard

FOLDER = Path(__file__).parents[2] / "examples" / "new-jurisdiction" / "packs"
YUNSHAN = "cn-example-yunshan"
DAY = date(2026, 9, 18)


@pytest.fixture
def added() -> Iterator[None]:
    packs.add_folder(FOLDER)
    yield
    folders.remove(FOLDER)
    packs.reload()


def test_new_county_passes_the_check_and_answers_every_key(capsys):
    assert main(["packs", "check", str(FOLDER)]) == 0
    out = capsys.readouterr().out
    assert "1 个规则包，没有错误" in out
    assert "未作说明" not in out
    assert check.unanswered(packs.load(YUNSHAN, FOLDER), DAY) == ()


@pytest.mark.parametrize(
    ("key", "mode", "wanted"),
    [
        (
            "check.verify",
            "as_written",
            ["值：7 个工作日", "延长：合计不超过 3 个工作日，须经数据主管同意", "（YS-16.2）"],
        ),
        ("check.verify", "overlaid", ["值：7 个工作日", "延长：文本未规定", "叠加：两者并行"]),
        ("catalogue.change.review", "overlaid", ["值：2 个工作日", "共享条例 第十七条第三款"]),
        (
            "share.uncond.review",
            "as_written",
            ["值：1 个工作日", "办理：平台", "视为次一工作日收到（工作时间至 17:00）"],
        ),
        ("catalogue.review", "as_written", ["否决 → 部门修改；须有理由", "3 个工作日"]),
        ("open_modes", "as_written", ["村务公开栏", "沙箱内使用"]),
        ("registers.system", "as_written", ["每 6 个月复核", "是否接入平台（必填，是否）"]),
        ("demand.list", "as_written", ["值：文本未规定", "没有需求清单，按申请办理"]),
        ("XW-1", "as_written", None),
    ],
)
def test_new_county_is_explained_from_its_own_folder(key, mode, wanted, capsys):
    try:
        code = main(["packs", "explain", YUNSHAN, key, "--on", "2026-09-18", "--mode", mode, "--packs", str(FOLDER)])
    finally:
        folders.remove(FOLDER)
        packs.reload()
    out = capsys.readouterr().out
    assert code == (0 if wanted else 2)
    for words in wanted or ():
        assert words in out


def test_new_county_is_read_like_every_other(added):
    view = packs.Law(YUNSHAN).at(DAY)
    assert values.procedure(view, "catalogue.review").steps["veto"].clock.working_days == 3
    assert values.option(view, "share_types", "unconditional").facts["decided_by"] == "platform"
    assert len(values.options(view, "open_modes")) == 6
    assert values.number(view, "log.retention_months")[0] == 48
    assert [r.key for r in values.registers(view)] == ["system", "digitisation", "application", "vendor", "drill"]
    assert values.options(view, "update_cycles")
    assert values.text(packs.Law(YUNSHAN, "overlaid").at(DAY), "catalogue.acceptance")[0] == "review"
    assert view.standing().key != "expired"
    assert packs.Law(YUNSHAN).at(date(2027, 6, 1)).standing().words == "已失效（有效期至 2027-05-31）"


def test_new_county_counts_an_application_at_night_from_the_next_working_day(added):
    clock = values.clock(packs.Law(YUNSHAN).at(DAY), "share.uncond.review")
    night = datetime(2026, 9, 18, 10, 0, tzinfo=UTC)
    assert clocks.receipt_day(night, clock, standard()) == date(2026, 9, 20)
    assert clocks.due(clocks.receipt_day(night, clock, standard()), clock, standard()).date == date(2026, 9, 21)


def test_setting_names_the_folders_of_further_packs(tmp_path):
    assert read_environment({"YISHU_PACKS": f"{FOLDER}:{tmp_path}"}).packs == (FOLDER, tmp_path)
    assert read_environment({}).packs == ()
    with pytest.raises(BadSetting):
        read_environment({"YISHU_PACKS": str(tmp_path / "nothing")})
