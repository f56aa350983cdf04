"""The words packs may use: a key or word outside these lists is a mistake in the pack, found by ``yishu packs check``.

Words only, no legal content: which of them hold in a jurisdiction, with which number and article, is the pack's.
"""

from collections.abc import Mapping

ROLES: Mapping[str, str] = {
    "authority": "数据主管",
    "provider": "提供方经办",
    "consumer": "使用方经办",
    "responsible": "主要负责人",
    "auditor": "审计",
    "admin": "系统管理",
}
"""Roles a procedure's step may name; they are ``orgs.models.RoleKind``."""

ACTORS: Mapping[str, str] = {
    "authority": "数据主管部门",
    "provider": "提供部门",
    "consumer": "使用部门",
    "department": "政务部门",
    "responsible": "部门主要负责人",
    "vendor": "技术服务单位",
    "platform": "平台",
}

EVENTS: Mapping[str, str] = {
    "law_changed": "法律法规修改或职能变化",
    "application_filed": "申请提交",
    "application_received": "收到申请",
    "published": "审核并更新发布",
    "accessed": "获取数据",
    "replied": "作出答复",
    "consented": "同意共享",
    "provided": "数据可用",
    "check_received": "收到校核申请",
    "checked": "校核完成并反馈",
    "ordered": "责令改正",
    "corrected": "改正完成",
    "period_began": "周期开始",
    "assessed": "评价结果作出",
    "findings_closed": "风险处置完毕",
    "data_changed": "原始数据变化",
    "updated": "共享数据更新",
    "unset": "文本未规定",
}
"""What starts or ends a clock."""

REQUIREMENTS: Mapping[str, str] = {
    "reason": "理由",
    "basis": "依据",
    "secrecy_review": "保密审查",
    "grades": "信息项分级",
    "share_type": "核定共享类型",
}
"""What an outcome may demand."""

PACK_STATES: Mapping[str, str] = {
    "in_force": "施行中",
    "draft": "征求意见稿",
    "expired": "已失效",
    "metadata_only": "仅收录基本信息，条文数值待收录",
    "not_included": "文本未收录",
}

OPTION_FACTS: Mapping[str, Mapping[str, tuple[str, ...] | None]] = {
    # list -> fact -> allowed words; None: a list of texts; (): a text; ("true", "false"): a flag
    "org_kinds": {"may_own_resources": ("true", "false")},
    "source_kinds": {},
    "share_types": {
        "access": ("direct", "application", "none"),
        "decided_by": ("none", "authority", "provider"),
        "demands": None,
    },
    "use_purposes": {},
    "delivery_modes": {},
    "stores": {},
    "base_libraries": {"lead": ()},
    "equivalent_classes": {},
    "quality_dimensions": {},
    "evaluation_aspects": {},
    "prohibited_acts": {"detectors": None},
    "sanctions": {"decided_by": (), "follows": ()},
    "secrecy_conclusions": {"blocks": ("true", "false")},
    "catalogue_classes": {"code": ()},
    "catalogue_base_items": {"code": ()},
    "catalogue_theme_items": {"code": ()},
    "catalogue_department_items": {"code": ()},
    "format_classes": {"code": (), "types": None},
    "share_mode_classes": {"types": None},
    "update_cycles": {},
}
"""The closed lists a pack may hold and the facts its members may carry."""

FORMS = (
    "sharing.application",
    "catalogue.resource",
    "catalogue.resource.conditional",
    "catalogue.resource.withheld",
    "catalogue.item",
    "catalogue.change",
    "secrecy.review",
    "department.profile",
    "correction.ticket",
    "wrapped.api",
)
"""Forms whose required fields a pack may list."""

TEXT, FLAG = "text", "flag"

VALUES: Mapping[str, tuple[str, ...] | str] = {
    # key -> allowed words, or TEXT, or FLAG; every value may also be ``unset``
    "ownership.label": TEXT,
    "platform.upstream": TEXT,
    "platform.network": TEXT,
    "platform.own_network_allowed": FLAG,
    "opening.enabled": FLAG,
    "authority.name": TEXT,
    "catalogue.standard": TEXT,
    "catalogue.acceptance": ("review", "filing"),
    "catalogue.required_before_load": FLAG,
    "catalogue.demand_list": ("required", "optional"),
    "catalogue.responsibility_list": FLAG,
    "catalogue.change.regenerates_responsibility_list": FLAG,
    "identifier.natural_person": ("identity_document",),
    "identifier.organisation": ("uscc",),
    "secrecy.review_before_publish": FLAG,
    "collection.full_data": FLAG,
    "collection.by_responsibility_list": FLAG,
    "collection.source_unique": FLAG,
    "sharing.default_type": ("unconditional", "conditional", "withheld"),
    "sharing.type_confirmed_by": ("authority", "provider"),
    "sharing.access.unconditional": ("direct", "application"),
    "sharing.access.conditional": ("direct", "application", "none"),
    "sharing.access.withheld": ("application", "none"),
    "sharing.decided_by": ("authority", "provider"),
    "sharing.base_elements_type": ("unconditional",),
    "sharing.free_of_charge": FLAG,
    "sharing.withheld_basis": TEXT,
    "sharing.third_party_allowed": FLAG,
    "sharing.users_answer_for_use": FLAG,
    "sharing.dispute_path": TEXT,
    "sharing.disposal_after_use": FLAG,
    "sharing.revoked_by": TEXT,
    "documents.equivalent_to_originals": FLAG,
    "documents.resubmission_allowed": FLAG,
    "quality.answered_by": ("provider",),
    "correction.goes_to": ("provider", "authority"),
    "correction.service_continues": FLAG,
    "security.grading": TEXT,
    "log.retention": TEXT,
    "evaluation.result_published": FLAG,
}
"""Single values a pack may hold."""

WORDS: Mapping[str, str] = {
    "direct": "直接获取（direct）",
    "application": "申请（application）",
    "none": "无（none）",
    "authority": "数据主管部门（authority）",
    "provider": "提供部门（provider）",
    "unconditional": "无条件共享（unconditional）",
    "conditional": "有条件共享（conditional）",
    "withheld": "不予共享（withheld）",
    "review": "审核（review）",
    "filing": "备案（filing）",
    "required": "应当（required）",
    "optional": "可以（optional）",
    "identity_document": "有效身份证件号码（identity_document）",
    "uscc": "统一社会信用代码（uscc）",
}
"""The words of ``VALUES`` in Chinese."""
