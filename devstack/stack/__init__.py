"""The outside of the operator on one machine: Supabase and the Gemini stand-in, started and ended together."""

from devstack.processes.errors import StackError
from devstack.stack.info import StackInfo
from devstack.stack.lifecycle import create_user, down, mint_jwt, program_states, running_stack, status, up
from devstack.stack.outages import pause_postgrest, resume_postgrest, start_postgres, stop_postgres
from devstack.supabase.schema import SeedOptions

__all__ = [
    "SeedOptions",
    "StackError",
    "StackInfo",
    "create_user",
    "down",
    "mint_jwt",
    "pause_postgrest",
    "program_states",
    "resume_postgrest",
    "running_stack",
    "start_postgres",
    "status",
    "stop_postgres",
    "up",
]
