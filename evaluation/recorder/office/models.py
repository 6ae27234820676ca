"""What the office keeps: suppliers and orders, named in the language that the site was started with."""

import os
from typing import Any, Final

from django.db import models

__all__ = ["Order", "Supplier"]

_GERMAN: Final = os.environ.get("OFFICE_LANGUAGE") == "de"


def _in(english: str, german: str) -> str:
    return german if _GERMAN else english


class Supplier(models.Model):  # type: ignore[misc] # Django has no types
    """Who sells to us."""

    name = models.CharField(_in("name", "Name"), max_length=80)
    city = models.CharField(_in("city", "Ort"), max_length=80)
    email = models.EmailField(_in("e-mail address", "E-Mail-Adresse"))
    days = models.PositiveIntegerField(_in("payment days", "Zahlungsziel in Tagen"), default=14)
    blocked = models.BooleanField(_in("blocked", "Gesperrt"), default=False)

    class Meta:
        """Names in the menus."""

        app_label = "office"
        verbose_name = _in("supplier", "Lieferant")
        verbose_name_plural = _in("suppliers", "Lieferanten")

    def __str__(self) -> str:
        return str(self.name)


class Order(models.Model):  # type: ignore[misc] # Django has no types
    """What a customer has ordered."""

    STATES: Final[list[tuple[str, str]]] = [
        ("new", _in("New", "Neu")),
        ("packed", _in("Packed", "Gepackt")),
        ("shipped", _in("Shipped", "Versandt")),
        ("held", _in("On hold", "Angehalten")),
    ]
    number = models.CharField(_in("number", "Nummer"), max_length=20)
    customer = models.CharField(_in("customer", "Kunde"), max_length=80)
    amount = models.DecimalField(_in("amount", "Betrag"), max_digits=9, decimal_places=2)
    state = models.CharField(_in("status", "Status"), max_length=10, choices=STATES, default="new")
    tracking = models.CharField(_in("tracking number", "Sendungsnummer"), max_length=30, blank=True)

    class Meta:
        """Names in the menus."""

        app_label = "office"
        ordering: Any = ("number",)
        verbose_name = _in("order", "Auftrag")
        verbose_name_plural = _in("orders", "Aufträge")

    def __str__(self) -> str:
        return str(self.number)
