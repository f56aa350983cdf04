"""Whether one value asks less than another: what ``packs check`` uses to prove that an overlay loosens nothing unseen."""

from collections.abc import Mapping

from yishu.law import vocabulary
from yishu.law.kinds import Clock, Extension, OptionList, Register, RequiredList, Value
from yishu.law.overlays import is_set

LARGER = "larger"
STRICTER: Mapping[str, bool | str | tuple[str, ...]] = {
    # key -> the stricter side of a flag, the words from strict to lax, or LARGER
    "log.retention_months": LARGER,
    "secrecy.review_before_publish": True,
    "scope.classified_allowed": False,
    "scope.work_secrets_excluded": True,
    "platform.own_network_allowed": False,
    "org.vendor_scope_limited": True,
    "catalogue.acceptance": ("review", "filing"),
    "catalogue.required_before_load": True,
    "catalogue.all_data_listed": True,
    "catalogue.internal_review_before_publish": True,
    "catalogue.impact_assessment_before_compiling": True,
    "catalogue.head_consent": True,
    "catalogue.public_notice": True,
    "catalogue.narrowing_needs_authority": True,
    "catalogue.retirement_notice": True,
    "catalogue.retirement_filed": True,
    "collection.duplicates_allowed": False,
    "collection.source_unique": True,
    "collection.multi_source_check": True,
    "sharing.access.withheld": ("none", "application"),
    "sharing.internal_measure_as_basis": False,
    "sharing.added_conditions_allowed": False,
    "sharing.free_of_charge": True,
    "sharing.third_party_allowed": False,
    "sharing.commercial_use_allowed": False,
    "sharing.off_platform_allowed": False,
    "sharing.own_platform_allowed": False,
    "sharing.disposal_after_use": True,
    "sharing.scenario_least_data": True,
    "sharing.suspend_first": True,
    "sharing.use_records_kept": True,
    "sharing.one_time_material_list": True,
    "sharing.withheld_stated_to_authority": True,
    "documents.resubmission_allowed": False,
}
"""Which side of a value asks more, for the keys on which a local text could loosen the national regulation."""

LONGER_IS_STRICTER = frozenset({"clocks.log.retention", "clocks.rules.validity"})
"""Terms that are kept, not met: longer is no loosening."""

_PERIODS = ("immediate", "", "yearly", "periodic", "by_cycle", "per_case", "unset")
"""Periods from the tightest to the loosest; "" is a number of working days."""


def looser(local: Value, national: Value) -> str:
    """In what the local value asks less than the national one, in Chinese; "" when it does not, or when the two cannot be compared.

    Looser is: a longer clock or extension, a missing field, a kind of basis carrying more, the laxer side of a flag or word
    (``STRICTER``), a shorter retention. Values that say nothing are not compared.
    """
    if not is_set(local) or not is_set(national):
        return ""
    ours, theirs = local.value, national.value
    if isinstance(ours, Clock) and isinstance(theirs, Clock):
        return "" if local.key in LONGER_IS_STRICTER else _clock(ours, theirs)
    if isinstance(ours, RequiredList) and isinstance(theirs, RequiredList):
        missing = {f.name: f.title for f in theirs.fields if f.name not in {mine.name for mine in ours.fields}}
        return f"少了必填内容：{'、'.join(missing.values())}" if missing else ""
    if isinstance(ours, OptionList) and isinstance(theirs, OptionList):
        return _basis_kinds(ours, theirs) if local.key == "options.basis_kinds" else ""
    if isinstance(ours, Register) and isinstance(theirs, Register):
        return _register(ours, theirs)
    return _plain(local.key, ours, theirs)


def _clock(ours: Clock, theirs: Clock) -> str:
    if ours.working_days is not None and theirs.working_days is not None:
        if ours.working_days > theirs.working_days:
            return f"{ours.working_days} 个工作日长于 {theirs.working_days} 个工作日"
    elif _PERIODS.index(ours.period) > _PERIODS.index(theirs.period):
        return "期限不如条例确定"
    return _extension(ours.extension, theirs.extension)


def _extension(ours: Extension | None, theirs: Extension | None) -> str:
    if ours is None:
        return ""
    if theirs is None:
        return f"可延长 {ours.working_days} 个工作日，条例不得延长"
    if ours.working_days > theirs.working_days or (theirs.total and not ours.total):
        return "延长多于条例"
    return "" if ours.approver == theirs.approver else "延长的批准人与条例不同"


def _basis_kinds(ours: OptionList, theirs: OptionList) -> str:
    """A kind of basis that carries what no such kind may carry nationally, for uses the national text speaks of."""
    allowed = {option.key: frozenset(option.facts.get("accepted_for", ())) for option in theirs.options}
    spoken_of = frozenset().union(*allowed.values())
    for option in ours.options:
        more = frozenset(option.facts.get("accepted_for", ())) & spoken_of - allowed.get(option.key, frozenset())
        if more:
            uses = "、".join(vocabulary.BASIS_USES.get(use, use) for use in sorted(more))
            return f"接受“{option.title}”作为依据（{uses}），条例不接受"
    return ""


def _register(ours: Register, theirs: Register) -> str:
    held = {field.name for field in ours.fields if field.required}
    missing = [field.title for field in theirs.fields if field.required and field.name not in held]
    if missing:
        return f"登记簿少了必填内容：{'、'.join(missing)}"
    if theirs.review_months and (ours.review_months is None or ours.review_months > theirs.review_months):
        return "复核的周期长于条例"
    return ""


def _plain(key: str, ours: object, theirs: object) -> str:
    stricter = STRICTER.get(key)
    if stricter is None or ours == theirs:
        return ""
    if stricter == LARGER and isinstance(ours, int) and isinstance(theirs, int):
        return f"{ours} 少于条例的 {theirs}" if ours < theirs else ""
    if isinstance(ours, bool):
        return "" if ours is stricter else "宽于条例"
    if isinstance(stricter, tuple) and ours in stricter and theirs in stricter:
        return "宽于条例" if stricter.index(str(ours)) > stricter.index(str(theirs)) else ""
    return ""
