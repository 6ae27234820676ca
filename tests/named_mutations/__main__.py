"""Prints which mutation is noticed by what, and after how many worlds: `python -m tests.named_mutations`."""

import logging
import sys

from tests.named_mutations.finding import Found, find
from tests.named_mutations.table import MUTATIONS

logging.disable(logging.CRITICAL)
sys.stdout.write("| a guard is missing | noticed by | after | as |\n|---|---|---|---|\n")
for mutation in MUTATIONS:
    found = find(mutation) or Found("nothing", "-", "-")
    sys.stdout.write(f"| {mutation.name} | {found.by} | {found.after} | {found.words} |\n")
    sys.stdout.flush()
