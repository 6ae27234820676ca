"""Answers to a SOP's questions in storage: each time that somebody answers is an object of its own.

Storage has no conditional write. Supabase's service looks for an object of the same name before it takes the bytes, and
replaces one that has come meanwhile, also where the upload was to create only. So no two uploads have one name.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid4

from runops.object_names import answers_folder, answers_object, made_objects
from runops.sop_answers import Answer, Answers, is_same_question, latest, read_answers
from runops.supabase.errors import ErrorKind, SupabaseError
from runops.supabase.storage import ObjectStore

__all__ = ["MOST_OBJECTS", "StoredAnswers", "read_stored_answers", "remove_made_objects", "store_answers"]

MOST_OBJECTS: Final = 200
"""Times that the questions of one job can be answered: each is one small request to whoever reads the answers."""
_AT_ONCE = 8
_LISTED = 1000
_UNREADABLE = frozenset({ErrorKind.INVALID, ErrorKind.TOO_LARGE})


@dataclass(frozen=True, slots=True)
class StoredAnswers:
    """All answers to the questions of a job.

    Attributes
    ----------
    given
        As they came to storage, the first one first; several of them may answer one question.
    unread
        How many could not be read, or are too many.
    objects
        In how many objects they are, the one of earlier versions left out.
    """

    given: tuple[Answer, ...] = ()
    unread: int = 0
    objects: int = 0

    @property
    def answers(self) -> Answers:
        """The last answer to each question."""
        return latest(self.given)[0]

    def other_than(self, mine: Answer) -> Answer | None:
        """Return the last answer to the same question that says something else; None where there is none."""
        others = (one for one in reversed(self.given) if one.answer != mine.answer)
        return next((one for one in others if is_same_question(one.question, mine.question)), None)


async def read_stored_answers(storage: ObjectStore, bucket: str, job_id: UUID) -> StoredAnswers:
    """Return what people answered to the questions of a job.

    Raises
    ------
    SupabaseError
        Storage did not answer. An object without readable answers is not an error: it is counted.
    """
    turn = asyncio.Semaphore(_AT_ONCE)

    async def read(key: str) -> tuple[Answers, int]:
        async with turn:
            try:
                return read_answers(await storage.read_json(bucket, key))
            except RecursionError:
                return Answers(), 1
            except SupabaseError as error:
                if error.kind not in _UNREADABLE:
                    raise
                return Answers(), 1

    # The first one tells whether storage answers at all.
    found = [await read(answers_object(job_id))]
    keys = await storage.newest(bucket, answers_folder(job_id), limit=MOST_OBJECTS + 1)
    found += await asyncio.gather(*map(read, reversed(keys[:MOST_OBJECTS])))
    given = tuple(one for answers, _ in found for one in answers.answers)
    unread = sum(count for _, count in found) + len(keys[MOST_OBJECTS:])
    return StoredAnswers(given, unread + latest(given)[1], len(keys))


async def store_answers(storage: ObjectStore, bucket: str, job_id: UUID, given: Sequence[Answer]) -> None:
    """Store answers beside those that are there. SupabaseError where storage refused them."""
    # The name is chosen once: an upload that is tried again stays one object.
    key = f"{answers_folder(job_id)}/{uuid4()}.json"
    await storage.upload_json(bucket, key, Answers(answers=tuple(given)).model_dump(mode="json"))


async def remove_made_objects(storage: ObjectStore, bucket: str, job_id: UUID) -> None:
    """Delete all objects that were made for a job, those of people's answers included. SupabaseError where refused."""
    answers = await storage.list_prefix(bucket, answers_folder(job_id), limit=_LISTED)
    await storage.remove(bucket, [*made_objects(job_id), *answers])
