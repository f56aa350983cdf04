"""Register pages, all behind sign-in."""

from django.urls import path

from yishu.registers import filing_views, views

urlpatterns = [
    path("", views.home, name="registers"),
    path("filings/", filing_views.filings, name="registers-filings"),
    path("filings/new/", filing_views.new, name="registers-filing-new"),
    path("entries/<int:entry_id>/", views.entry_page, name="registers-entry"),
    path("entries/<int:entry_id>/edit/", views.edit, name="registers-entry-edit"),
    path("entries/<int:entry_id>/close/", views.close, name="registers-entry-close"),
    path("files/<int:file_id>/", views.download, name="registers-file"),
    path("<slug:kind>/", views.register_page, name="registers-register"),
    path("<slug:kind>/new/", views.new, name="registers-new"),
]
