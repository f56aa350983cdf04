"""附件: files kept with a resource — the basis of its share type above all (JY-14.2). Kept as bytes, never executed, never changed."""

from datetime import datetime

from django.db import transaction

from yishu.catalogue import access
from yishu.catalogue.models import Resource, Upload
from yishu.kernel.errors import Conflict, Invalid, NotFound
from yishu.ledger.actions import record
from yishu.orgs.models import Person, RoleKind
from yishu.orgs.queries import may_act
from yishu.pages.uploads import Accepted

PURPOSES = {
    "share_basis": "共享属性的依据",
    "open_basis": "开放属性的依据",
    "change_basis": "变化依据",
    "other": "其他材料",
}
MOST = 20
"""Files one resource may carry."""


@transaction.atomic
def attach(*, resource_id: int, purpose: str, file: Accepted, by: Person, at: datetime) -> Upload:
    """Keep a checked file with a resource of the person's department. Raises NotAllowed, NotFound, Invalid, Conflict (too many)."""
    resource = access.locked(resource_id, by, at)
    if purpose not in PURPOSES:
        raise Invalid("没有这种附件", remedy="请选择附件的用途", code="catalogue.upload_purpose")
    if resource.uploads.count() >= MOST:
        raise Conflict(
            f"一个资源最多 {MOST} 个附件",
            remedy="请合并后上传",
            object_=resource.title,
            code="catalogue.too_many_uploads",
        )
    made = Upload.objects.create(
        resource=resource, purpose=purpose, name=file.name, media_type=file.media_type, size=len(file.content), digest=file.digest,
        content=file.content, by=by, at=at,
    )  # fmt: skip
    record(
        kind="event", by=by, at=at, department=resource.department_id, resource=resource.code or "",
        facts={
            "event": "catalogue.file_attached", "object": "catalogue.resource", "object_id": str(resource.pk), "code": purpose,
            "bytes": made.size,
        },
    )  # fmt: skip
    return made


def upload_for(person: Person, upload_id: int, at: datetime) -> Upload:
    """A file a person may read: their department's, or any of the jurisdiction for the authority. Raises NotFound."""
    home = person.department
    found = (
        Upload.objects.select_related("resource__department")
        .filter(pk=upload_id, resource__jurisdiction_id=home.jurisdiction_id if home else 0)
        .first()
    )
    if found is not None and home is not None:
        owner: Resource = found.resource
        over = home.is_authority and may_act(person, RoleKind.AUTHORITY, home, at).allowed
        roles = (RoleKind.PROVIDER, RoleKind.RESPONSIBLE, RoleKind.REVIEWER)
        if over or any(may_act(person, role, owner.department, at).allowed for role in roles):
            return found
    raise NotFound("没有这个附件，或您无权查看", remedy="请从资源的附件页进入", code="catalogue.no_upload")
