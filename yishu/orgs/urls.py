"""Pages of organisations, people and machine clients."""

from django.urls import path

from yishu.orgs import admin_views, duty_views, mfa_views, people_import_views, tenant_views, views

urlpatterns = [
    path("me/", views.me, name="orgs-me"),
    path("departments/", admin_views.departments, name="orgs-departments"),
    path("departments/new/", admin_views.department_edit, name="orgs-department-new"),
    path("departments/<int:pk>/", admin_views.department, name="orgs-department"),
    path("departments/<int:pk>/edit/", admin_views.department_edit, name="orgs-department-edit"),
    path("people/", admin_views.people, name="orgs-people"),
    path("people/new/", admin_views.person_new, name="orgs-person-new"),
    path("people/<int:pk>/", admin_views.person, name="orgs-person"),
    path("people/<int:pk>/roles/", admin_views.role_grant, name="orgs-role-grant"),
    path("people/<int:pk>/roles/<int:role>/revoke/", admin_views.role_revoke, name="orgs-role-revoke"),
    path("people/<int:pk>/unlock/", admin_views.person_unlock, name="orgs-person-unlock"),
    path("people/<int:pk>/password/", admin_views.person_reset, name="orgs-person-reset"),
    path("people/<int:pk>/factors/", mfa_views.person_factors, name="orgs-person-factors"),
    path("import/", people_import_views.upload, name="orgs-import"),
    path("import/confirm/", people_import_views.confirm, name="orgs-import-confirm"),
    path("import/template.xlsx", people_import_views.template, name="orgs-import-template"),
    path("settings/", people_import_views.settings_page, name="orgs-settings"),
    path("jurisdictions/", tenant_views.jurisdictions, name="orgs-jurisdictions"),
    path("jurisdictions/new/", tenant_views.jurisdiction_new, name="orgs-jurisdiction-new"),
    path("jurisdictions/<int:pk>/", tenant_views.jurisdiction, name="orgs-jurisdiction"),
    path("jurisdictions/<int:pk>/areas/", tenant_views.area_new, name="orgs-area-new"),
    path("substitutes/", duty_views.substitutes, name="orgs-substitutes"),
    path("substitutes/new/", duty_views.substitute_new, name="orgs-substitute-new"),
    path("substitutes/<int:pk>/end/", duty_views.substitute_end, name="orgs-substitute-end"),
    path("hand-overs/", duty_views.hand_overs, name="orgs-hand-overs"),
    path("hand-overs/<int:pk>/", duty_views.hand_over_new, name="orgs-hand-over-new"),
    path("views/", duty_views.view_save, name="orgs-view-save"),
    path("views/<int:pk>/delete/", duty_views.view_delete, name="orgs-view-delete"),
    path("clients/", admin_views.clients, name="orgs-clients"),
    path("clients/<uuid:pk>/rotate/", admin_views.client_rotate, name="orgs-client-rotate"),
    path("clients/<uuid:pk>/disable/", admin_views.client_disable, name="orgs-client-disable"),
]
