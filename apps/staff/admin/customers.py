"""Customers and the addresses they gave."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from apps.customers.models import Address, Customer
from apps.orders.models import Order
from apps.staff.admin.rooms import ReadOnlyTable, Room, link_to_list


class Addresses(ReadOnlyTable):
    model = Address
    fields = ("name", "company", "postal_code", "region", "city", "line1", "line2", "phone")


@admin.register(Customer)
class CustomerRoom(Room):
    list_display = ("name", "email", "phone", "brand", "created_at")
    list_select_related = ("brand",)
    search_fields = ("name__startswith", "email__exact", "phone__exact")
    search_within = {"email__exact": "brand"}
    search_help_text = _("The beginning of the name, or the whole e-mail address or telephone number")
    readonly_fields = ("created_at", "erased_at", "marketing_allowed", "orders")
    inlines = (Addresses,)

    def has_add_permission(self, *_args: object) -> bool:
        """Customers come with their orders."""
        return False

    @admin.display(description=_("orders"))
    def orders(self, customer: Customer) -> str:
        return link_to_list(Order, _("Orders of this customer"), customer__id__exact=customer.pk)
