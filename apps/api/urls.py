"""Addresses of the API. Every one of them has a row in tests/api/test_access.py."""

from django.urls import path, re_path
from drf_spectacular.views import SpectacularAPIView

from apps.api import docs, goods, orders, others, problems, tokens

app_name = "api"
_read = [
    pattern
    for kind in ("customers", "shipments", "returns", "differences", "connections")
    for listed, one in [others.views(kind)]
    for pattern in (
        path(f"v1/{kind}/", listed.as_view(), name=kind),
        path(f"v1/{kind}/<uuid:id>/", one.as_view(), name=f"{kind}_one"),
    )
]
urlpatterns = [
    path("oauth/token/", tokens.token, name="token"),
    path("oauth/revoke/", tokens.revoke, name="revoke"),
    path("v1/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("v1/docs/", docs.page, name="docs"),
    path("v1/orders/", orders.OrderRows.as_view(), name="orders"),
    path("v1/orders/<uuid:id>/", orders.OneOrder.as_view(), name="orders_one"),
    path("v1/orders/<uuid:id>/hold/", orders.Hold.as_view(), name="orders_hold"),
    path("v1/orders/<uuid:id>/release/", orders.Release.as_view(), name="orders_release"),
    path("v1/orders/<uuid:id>/cancel/", orders.Cancel.as_view(), name="orders_cancel"),
    path("v1/products/", goods.ProductRows.as_view(), name="products"),
    path("v1/products/<uuid:id>/", goods.OneProduct.as_view(), name="products_one"),
    path("v1/stock/", goods.StockRows.as_view(), name="stock"),
    path("v1/stock/<uuid:id>/", goods.OneStock.as_view(), name="stock_one"),
    path("v1/stock/<uuid:id>/set-aside/", goods.SetAside.as_view(), name="stock_set_aside"),
    path("v1/stock/<uuid:id>/bring-back/", goods.BringBack.as_view(), name="stock_bring_back"),
    *_read,
    re_path(r"^[\s\S]*$", problems.not_found, name="nowhere"),
]
