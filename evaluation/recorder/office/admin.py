"""Which columns and fields the admin site shows."""

from typing import Any, Final

from django.contrib import admin

from evaluation.recorder.office.models import Order, Supplier

__all__ = ["OrderAdmin", "SupplierAdmin"]

admin.site.site_header = "Harbour & Sons"
admin.site.site_title = "Harbour & Sons"


@admin.register(Order)
class OrderAdmin(admin.ModelAdmin):  # type: ignore[misc] # Django has no types
    """Orders."""

    list_display: Any = ("number", "customer", "amount", "state", "tracking")
    list_filter: Any = ("state",)
    search_fields: Any = ("number", "customer")
    list_per_page: Final = 20


@admin.register(Supplier)
class SupplierAdmin(admin.ModelAdmin):  # type: ignore[misc] # Django has no types
    """Suppliers."""

    list_display: Any = ("name", "city", "email", "days", "blocked")
    search_fields: Any = ("name", "city")
