"""Addresses of the staff UI. Every one of them has a row in tests/staff/test_roles.py."""

from django.urls import path

from apps.staff import entry
from apps.staff.views import bulk, connections, desk, files, night, order, pack, payloads, stock

app_name = "staff"
urlpatterns = [
    path("", entry.home, name="home"),
    path("orders/", desk.desk, name="desk"),
    path("orders/fresh/", desk.fresh, name="desk_fresh"),
    path("orders/bulk/", bulk.bulk, name="desk_bulk"),
    path("orders/<uuid:order_id>/", order.order, name="order"),
    path("orders/<uuid:order_id>/hold/", order.hold, name="order_hold"),
    path("orders/<uuid:order_id>/release/", order.release, name="order_release"),
    path("orders/<uuid:order_id>/ship/", order.ship, name="order_ship"),
    path("orders/<uuid:order_id>/cancel/", order.cancel, name="order_cancel"),
    path("orders/<uuid:order_id>/refund/", order.refund, name="order_refund"),
    path("orders/<uuid:order_id>/ask/", order.ask_again, name="order_ask"),
    path("orders/<uuid:order_id>/note/", order.note, name="order_note"),
    path("payloads/calls/<uuid:delivery_id>/", payloads.of_delivery, name="payload_delivery"),
    path("payloads/notices/<uuid:event_id>/", payloads.of_event, name="payload_event"),
    path("pack/", pack.pack, name="pack"),
    path("pack/<uuid:shipment_id>/", pack.one, name="pack_one"),
    path("pack/<uuid:shipment_id>/scan/", pack.scan, name="pack_scan"),
    path("pack/<uuid:shipment_id>/out/", pack.take_out, name="pack_out"),
    path("pack/<uuid:shipment_id>/confirm/", pack.confirm, name="pack_confirm"),
    path("stock/", stock.stock, name="stock"),
    path("stock/<uuid:level_id>/", stock.why, name="stock_why"),
    path("stock/tell/<uuid:variant_id>/", stock.tell_again, name="stock_tell"),
    path("night/", night.night, name="night"),
    path("night/run/", night.run, name="night_run"),
    path("night/progress/", night.progress, name="night_progress"),
    path("night/differences/<uuid:difference_id>/", night.difference, name="night_difference"),
    path("night/differences/<uuid:difference_id>/decide/", night.decide, name="night_decide"),
    path("night/<str:period>/", night.night, name="night_of"),
    path("connections/", connections.connection_list, name="connections"),
    path("connections/calls/<uuid:delivery_id>/", connections.call, name="call"),
    path("connections/calls/<uuid:delivery_id>/retry/", connections.retry_call, name="call_retry"),
    path("connections/calls/<uuid:delivery_id>/give-up/", connections.give_up, name="call_give_up"),
    path("connections/notices/<uuid:event_id>/", connections.notice, name="notice"),
    path("connections/notices/<uuid:event_id>/retry/", connections.retry_notice, name="notice_retry"),
    path("connections/files/<uuid:run_id>/", files.one_file, name="file"),
    path("connections/<uuid:connection_id>/", connections.connection, name="connection"),
    path("connections/<uuid:connection_id>/switch/", connections.switch, name="connection_switch"),
    path("connections/<uuid:connection_id>/ask/", connections.ask_again, name="connection_ask"),
    path("connections/<uuid:connection_id>/files/", files.file_list, name="files"),
    path("connections/<uuid:connection_id>/files/upload/", files.upload, name="files_upload"),
]
