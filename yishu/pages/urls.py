"""Pages of the law."""

from django.urls import path

from yishu.pages import views

urlpatterns = [
    path("law/", views.law_home, name="law"),
    path("law/<str:pack_id>/", views.law_pack, name="law-pack"),
    path("law/<str:pack_id>/<path:place>/", views.law_article, name="law-article"),
]
