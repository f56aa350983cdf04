"""Forms of the second factor."""

from django import forms

from yishu.orgs.mfa_keys import CredentialField

_CODE = {
    "autocomplete": "one-time-code", "inputmode": "numeric", "spellcheck": "false", "autocapitalize": "none"
}  # fmt: skip


class SecondStepForm(forms.Form):
    """The code asked for at sign-in."""

    code = forms.CharField(
        label="验证码",
        max_length=20,
        help_text="验证器应用现在显示的 6 位数字；手机不在身边的，可输入一个 8 位恢复码",
        widget=forms.TextInput(attrs={**_CODE, "autofocus": True, "class": "form-control"}),
    )


class KeyStepForm(forms.Form):
    """A security key's answer at sign-in."""

    credential = CredentialField()


class AppForm(forms.Form):
    """The first code of a new authenticator app."""

    code = forms.CharField(
        label="验证码", max_length=10, help_text="应用里现在显示的 6 位数字", widget=forms.TextInput(attrs=_CODE)
    )


class KeyForm(forms.Form):
    """A new security key."""

    name = forms.CharField(
        label="名称", max_length=40, required=False, help_text="便于以后分辨，如“办公电脑”“备用钥匙”"
    )
    credential = CredentialField()


class ConfirmForm(forms.Form):
    """The password again, before something about signing in is changed."""

    password = forms.CharField(
        label="密码",
        max_length=128,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password", "autofocus": True}),
    )


class ResetForm(forms.Form):
    """Why an administrator takes somebody's factors off."""

    reason = forms.CharField(
        label="理由",
        max_length=200,
        help_text="写明怎样核实了本人身份，如“手机遗失，已当面核实”；以摘要形式存证",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
