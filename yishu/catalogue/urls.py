"""Catalogue pages."""

from django.urls import path

from yishu.catalogue import editor, views

urlpatterns = [
    path("", views.search_page, name="catalogue"),
    path("mine/", views.mine, name="catalogue-mine"),
    path("log/", views.log_page, name="catalogue-log"),
    path("new/", editor.new, name="catalogue-new"),
    path("<int:resource_id>/", views.resource_page, name="catalogue-resource"),
    path("<int:resource_id>/versions/<int:number>/", views.version_page, name="catalogue-version"),
    path("<int:resource_id>/edit/", editor.edit, name="catalogue-edit"),
]
