"""Ids sort by birth, also within one millisecond and over threads."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

from apps.core.ids import uuid7


def test_ids_of_one_process_strictly_increase():
    made = [uuid7() for _ in range(20_000)]

    assert made == sorted(made)
    assert len(set(made)) == len(made)


def test_an_id_says_its_version_and_variant():
    made = uuid7()

    assert (made.version, made.variant) == (7, "specified in RFC 4122")
    assert (made, hash(made), made.is_safe) == ((same := UUID(str(made))), hash(same), same.is_safe)


def test_threads_never_make_the_same_id():
    with ThreadPoolExecutor(4) as pool:
        made = [id_ for part in pool.map(lambda _: [uuid7() for _ in range(2_000)], range(4)) for id_ in part]

    assert len(set(made)) == 8_000
