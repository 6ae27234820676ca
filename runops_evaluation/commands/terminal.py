"""What both command lines do at a terminal: ask, and turn what cannot be used into a sentence and an exit code."""

import sys
from collections.abc import Callable

from runops.environment import EnvironmentIncomplete
from runops.failures import Failed
from runops.supabase.errors import SupabaseError
from runops_evaluation.drafting.start_gold import DraftImpossible
from runops_evaluation.evaluate import say
from runops_evaluation.gold.read import GoldUnreadable
from runops_evaluation.running.run_record import RunUnreadable
from runops_evaluation.running.source import Stopped

__all__ = ["confirmed", "exit_code"]


def confirmed(question: str) -> bool:
    """Ask a person for yes or no; no where nobody sits at a terminal."""
    if not sys.stdin.isatty():
        return False
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().casefold() in {"y", "yes"}


def exit_code(command: Callable[[], int]) -> int:
    """Run a command and return its exit code.

    0: done. 1: a recording failed or was left out. 2: something that was given cannot be used. 130: Ctrl-C.
    """
    try:
        return command()
    except (GoldUnreadable, RunUnreadable, EnvironmentIncomplete, DraftImpossible) as error:
        say(str(error))
        return 2
    except (Failed, SupabaseError) as error:
        say(error.detail if isinstance(error, Failed) else error.message)
        return 2
    except Stopped as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        say("Stopped. The same command goes on from there.")
        return 130
