"""Pages of supervision, all behind sign-in."""

from django.urls import path

from yishu.supervision import views, views_department

urlpatterns = [
    path("", views.overview, name="supervision"),
    path("resources/", views.resources, name="supervision-resources"),
    path("mine/", views_department.mine, name="supervision-mine"),
    path("department/<int:department_id>/", views_department.department_page, name="supervision-department"),
]
