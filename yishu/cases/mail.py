"""The e-mail messenger: one short mail per notice, title and link only."""

from django.conf import settings
from django.core.mail import EmailMessage

from yishu.cases.models import Notice


class Mail:
    """Sends notices through the mail server of YISHU_SMTP_URL (``cases.ports.Messenger``)."""

    name = "mail"

    def send(self, notice: Notice) -> bool:
        """Send one notice; False for a person without address. Raises ``smtplib.SMTPException`` or OSError."""
        address = notice.person.email
        if not address:
            return False
        title = " ".join(notice.title.split())
        link = f"{settings.ENVIRONMENT.public_url.rstrip('/')}{notice.url or '/notices/'}"
        message = EmailMessage(
            subject=f"【一数】{title}",
            body=f"{title}\n\n请登录平台查看：{link}\n\n本邮件由平台自动发出，请勿回复；可在“我的资料”中关闭邮件提醒。\n",
            to=[address],
            headers={"Auto-Submitted": "auto-generated"},
        )
        return message.send() == 1


def configured() -> bool:
    """Whether the operator named a mail server."""
    return bool(settings.ENVIRONMENT.smtp_url)
