"""What is in the office when a recording begins."""

from django.contrib.auth.models import User

from evaluation.recorder.office.models import Order, Supplier
from evaluation.recorder.office.sign_in import PASSWORD, USER

__all__ = ["fill"]

_ORDERS = (
    ("SO-3101", "Bluewater Yachts", "412.50"),
    ("SO-3102", "Northgate Clinic", "1980.00"),
    ("SO-3103", "Lindqvist AB", "75.90"),
    ("SO-3104", "Amber Hotels", "640.00"),
    ("SO-3105", "Kestrel Outdoor", "233.10"),
    ("SO-3106", "Baker Street Books", "58.75"),
    ("SO-3107", "Orchard Foods", "1215.40"),
    ("SO-3108", "Fjord Cruises", "897.00"),
    ("SO-3109", "Magnolia Florists", "149.95"),
    ("SO-3110", "Summit Sports", "530.00"),
    ("SO-3111", "Delta Print", "310.20"),
    ("SO-3112", "Rivera Dental", "84.60"),
)
_SUPPLIERS = (
    ("Tamar Ropes", "Plymouth", "sales@tamar-ropes.example", 30, False),
    ("Weber Stahl", "Essen", "info@weber-stahl.example", 14, False),
    ("Cobalt Paints", "Leeds", "orders@cobalt.example", 14, False),
)
_PEOPLE = (("david.price", "David", "Price"), ("erin.walsh", "Erin", "Walsh"), ("frank.olsen", "Frank", "Olsen"))


def fill() -> None:
    """Write users, orders and suppliers into an empty database."""
    User.objects.create_superuser(USER, "clara@harbour.example", PASSWORD, first_name="Clara", last_name="Stone")
    for name, first, last in _PEOPLE:
        User.objects.create_user(name, f"{name}@harbour.example", first_name=first, last_name=last, is_staff=True)
    for number, customer, amount in _ORDERS:
        Order.objects.create(number=number, customer=customer, amount=amount)
    for name, city, email, days, blocked in _SUPPLIERS:
        Supplier.objects.create(name=name, city=city, email=email, days=days, blocked=blocked)
