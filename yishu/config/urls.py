"""All URLs. Each context brings its own; this file only says where, and which of them need no sign-in."""

from django.urls import URLPattern, URLResolver, include, path

from yishu.orgs import mfa_views, oidc_views
from yishu.orgs import views as orgs

PUBLIC: frozenset[str] = frozenset({"account_login", "mfa_authenticate", "oidc-login", "oidc-callback", "orgs-setup"})
"""Names of the URLs that open without a sign-in. A guard test walks all URLs; whitenoise serves /static/ before them."""

# Only these of allauth's pages exist: no sign-up, no mail, no reset by mail. ``mfa_authenticate`` is the name its stage asks for.
urlpatterns: list[URLPattern | URLResolver] = [
    path("accounts/login/", orgs.sign_in, name="account_login"),
    path("accounts/logout/", orgs.sign_out, name="account_logout"),
    path("accounts/password/change/", orgs.change_password, name="account_change_password"),
    path("accounts/second/", mfa_views.second_step, name="mfa_authenticate"),
    path("accounts/confirm/", mfa_views.confirm, name="account_confirm"),
    path("accounts/factors/", mfa_views.index, name="mfa-index"),
    path("accounts/factors/app/", mfa_views.app_add, name="mfa-app-add"),
    path("accounts/factors/key/", mfa_views.key_add, name="mfa-key-add"),
    path("accounts/factors/codes/", mfa_views.codes_new, name="mfa-codes"),
    path("accounts/factors/<int:pk>/remove/", mfa_views.remove, name="mfa-remove"),
    path("accounts/oidc/", oidc_views.begin, name="oidc-login"),
    path("accounts/oidc/callback/", oidc_views.callback, name="oidc-callback"),
    path("setup/", orgs.setup, name="orgs-setup"),
    path("orgs/", include("yishu.orgs.urls")),
    path("catalogue/", include("yishu.catalogue.urls")),
    path("registers/", include("yishu.registers.urls")),
    path("stewardship/", include("yishu.stewardship.urls")),
    path("collection/", include("yishu.collection.urls")),
    path("sharing/", include("yishu.sharing.urls")),
    path("supervision/", include("yishu.supervision.urls")),
    path("", include("yishu.cases.urls")),
    path("", include("yishu.pages.urls")),
]

handler400 = "yishu.pages.views.bad_request"
handler403 = "yishu.pages.views.permission_denied"
handler404 = "yishu.pages.views.page_not_found"
handler500 = "yishu.pages.views.server_error"
