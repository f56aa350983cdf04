"""Pages of collection."""

from django.urls import path

from yishu.collection import views

urlpatterns = [
    path("loads/", views.loads, name="collection-loads"),
    path("loads/new/", views.new_load, name="collection-new"),
    path("loads/<uuid:load_id>/", views.load_page, name="collection-load"),
    path("loads/<uuid:load_id>/progress/", views.load_progress, name="collection-progress"),
    path("loads/<uuid:load_id>/retry/", views.retry, name="collection-retry"),
    path("loads/<uuid:load_id>/rejects.csv", views.rejects, name="collection-rejects"),
    path("templates/<int:resource_id>.csv", views.template, name="collection-template"),
]
