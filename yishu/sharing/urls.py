"""Pages of sharing. No address holds an identifier of a person or organisation."""

from django.urls import path

from yishu.sharing import views, views_apply, views_lookup

urlpatterns = [
    path("mine/", views.mine, name="sharing-mine"),
    path("apply/<int:resource_id>/", views_apply.apply, name="sharing-apply"),
    path("direct/<int:resource_id>/", views_apply.direct, name="sharing-direct"),
    path("grants/<uuid:grant_id>/", views.grant_page, name="sharing-grant"),
    path("grants/<uuid:grant_id>/revoke/", views.revoke, name="sharing-revoke"),
    path("grants/<uuid:grant_id>/clients/", views.set_clients, name="sharing-clients"),
    path("grants/<uuid:grant_id>/lookup/", views_lookup.lookup, name="sharing-lookup"),
    path("receipts/", views_lookup.receipt_list, name="sharing-receipts"),
    path("receipts/<uuid:receipt_id>/", views_lookup.receipt_page, name="sharing-receipt"),
    path("receipts/<uuid:receipt_id>/json/", views_lookup.receipt_json, name="sharing-receipt-json"),
]
