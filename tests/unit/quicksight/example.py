"""The sources as they are shipped, with edits, and what is made of them for one place."""

from __future__ import annotations

from copy import deepcopy
from functools import cache

from spark_jobs.query import views
from spark_jobs.quicksight.definition import resources
from spark_jobs.quicksight.place import Json, Noun, Place, Resource
from spark_jobs.quicksight.reading import packaged_texts, read_sources
from spark_jobs.quicksight.sources import Sources

PLACE = Place("123456789012", "eu-central-1", "bi-owners", "test", "lake")
ARN = "arn:aws:quicksight:eu-central-1:123456789012"


def edited(file: str, old: str, new: str) -> Sources:
    """The shipped sources with one text replaced in one file."""
    texts = packaged_texts()
    assert old in texts[file], f"{file} no longer says {old}"
    return read_sources(texts | {file: texts[file].replace(old, new, 1)})


@cache
def shipped() -> Sources:
    """The sources as they are."""
    return read_sources(packaged_texts())


@cache
def _requests() -> list[Resource]:
    return resources(PLACE, shipped(), views())


def made_of(sources: Sources, place: Place = PLACE) -> list[Resource]:
    """Everything to deploy; a copy, to break at will."""
    return deepcopy(_requests()) if sources is shipped() and place == PLACE else resources(place, sources, views())


def request_of(found: list[Resource], noun: Noun, name: str) -> Json:
    """The request of the one resource of a kind whose id ends in ``name``."""
    (request,) = [r.request for r in found if r.noun == noun and r.id.endswith(name)]
    return request
