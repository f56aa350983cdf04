"""URLs of the context, all behind sign-in."""

from django.urls import path

from yishu.stewardship import views_checks, views_demands, views_joint, views_lists, views_sources

urlpatterns = [
    path("demands/", views_demands.demand_list, name="stewardship-demands"),
    path("demands/new/", views_demands.demand_edit, name="stewardship-demand-new"),
    path("demands/<int:demand_id>/", views_demands.demand_page, name="stewardship-demand"),
    path("demands/<int:demand_id>/edit/", views_demands.demand_edit, name="stewardship-demand-edit"),
    path("demands/<int:demand_id>/act/", views_demands.demand_act, name="stewardship-demand-act"),
    path("responsibilities/", views_lists.overview, name="stewardship-responsibilities"),
    path("responsibilities/rebuild/", views_lists.rebuild, name="stewardship-rebuild"),
    path("responsibilities/<int:department_id>/", views_lists.department_list, name="stewardship-responsibility"),
    path("responsibilities/<int:department_id>/acknowledge/", views_lists.acknowledge, name="stewardship-acknowledge"),
    path("sources/", views_sources.source_list, name="stewardship-sources"),
    path("sources/<int:cluster_id>/", views_sources.source_page, name="stewardship-source"),
    path("sources/<int:cluster_id>/decide/", views_sources.source_decide, name="stewardship-source-decide"),
    path("sources/<int:cluster_id>/claim/", views_sources.source_claim, name="stewardship-source-claim"),
    path("joint/", views_joint.joint_list, name="stewardship-joints"),
    path("joint/new/", views_joint.joint_edit, name="stewardship-joint-new"),
    path("joint/<int:joint_id>/", views_joint.joint_page, name="stewardship-joint"),
    path("joint/<int:joint_id>/edit/", views_joint.joint_edit, name="stewardship-joint-edit"),
    path("joint/<int:joint_id>/act/", views_joint.joint_act, name="stewardship-joint-act"),
    path("completeness/", views_checks.coverage, name="stewardship-completeness"),
    path("completeness/<int:department_id>/", views_checks.tables, name="stewardship-tables"),
    path("completeness/<int:department_id>/map/", views_checks.map_table, name="stewardship-map"),
    path("plans/", views_checks.plan_list, name="stewardship-plans"),
    path("plans/new/", views_checks.plan_new, name="stewardship-plan-new"),
    path("materials/", views_checks.service_list, name="stewardship-services"),
    path("materials/new/", views_checks.service_edit, name="stewardship-service-new"),
    path("materials/<int:service_id>/", views_checks.service_page, name="stewardship-service"),
    path("materials/<int:service_id>/edit/", views_checks.service_edit, name="stewardship-service-edit"),
]
