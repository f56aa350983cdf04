"""Pages of organisations, people and machine clients."""

from django.urls import path

from yishu.orgs import admin_views, views

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
    path("clients/", admin_views.clients, name="orgs-clients"),
    path("clients/<uuid:pk>/rotate/", admin_views.client_rotate, name="orgs-client-rotate"),
    path("clients/<uuid:pk>/disable/", admin_views.client_disable, name="orgs-client-disable"),
]
