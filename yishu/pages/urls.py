"""Pages of the law."""

from django.urls import path

from yishu.pages import law_views

urlpatterns = [
    path("law/", law_views.law_home, name="law"),
    path("law/compare/", law_views.law_compare, name="law-compare"),
    path("law/<str:pack_id>/", law_views.law_pack, name="law-pack"),
    path("law/<str:pack_id>/<path:place>/", law_views.law_article, name="law-article"),
]
