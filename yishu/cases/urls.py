"""Work list and case pages."""

from django.urls import path

from yishu.cases import views

urlpatterns = [
    path("", views.work_list, name="work-list"),
    path("cases/<uuid:case_id>/", views.case_page, name="case"),
    path("cases/<uuid:case_id>/<slug:outcome>/", views.decide, name="case-decide"),
]
