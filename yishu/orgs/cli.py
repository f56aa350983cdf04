"""Commands about people, for whoever may read the server's files: the way back in when no administrator can sign in."""

import argparse
from typing import Any

from django.utils import timezone

from yishu.kernel.errors import NotFound
from yishu.orgs import mfa
from yishu.orgs.models import Person
from yishu.orgs.rules import normalise_username


def _reset_factors(args: argparse.Namespace, environment: Any) -> int:
    """Take somebody's second factors off, with a reason, as the platform itself."""
    person = Person.objects.filter(username=normalise_username(args.username)).first()
    if person is None:
        raise NotFound("没有这个登录名", object_=args.username, remedy="请核对登录名", code="orgs.no_person")
    count = mfa.reset_factors(person=person, reason=args.reason, by=None, at=timezone.now())
    print(f"已移除 {count} 个第二因子，{person.username} 下次登录只需密码；理由已以摘要形式存证")
    return 0


def add_commands(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``yishu reset-factors``."""
    parser = subparsers.add_parser("reset-factors", help="移除某人的第二因子（没有管理员能登录时在服务器上使用）")
    parser.add_argument("username", help="登录名")
    parser.add_argument("--reason", required=True, help="理由，4 至 200 个字")
    parser.set_defaults(handler=_reset_factors)
