"""Work list, case pages, notices, calendar."""

from django.urls import path

from yishu.cases import views, views_calendar, views_list, views_notices

urlpatterns = [
    path("", views_list.work_list, name="work-list"),
    path("cases/export/", views_list.work_export, name="work-export"),
    path("cases/batch/", views_list.batch_page, name="case-batch"),
    path("cases/<uuid:case_id>/", views.case_page, name="case"),
    path("cases/<uuid:case_id>/clock/extension/", views.extend, name="case-extension"),
    path("cases/<uuid:case_id>/urging/", views.urge, name="case-urge"),
    path("cases/<uuid:case_id>/<slug:outcome>/", views.decide, name="case-decide"),
    path("notices/", views_notices.notice_list, name="notices"),
    path("notices/read/", views_notices.notices_read, name="notices-read"),
    path("calendar/", views_calendar.calendar_page, name="calendar"),
    path("calendar/import/", views_calendar.calendar_import, name="calendar-import"),
    path("calendar/moves/", views_calendar.moved_list, name="calendar-moves"),
]
