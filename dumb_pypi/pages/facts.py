"""The facts of a project, in a few lines for people."""

from __future__ import annotations

import re
from typing import NamedTuple

from dumb_pypi.package_list.lines import COLUMN, FACTS_KEYS, Facts, keys_of
from dumb_pypi.package_list.releases import Release
from dumb_pypi.pages.requirements import Requirement, group_requirements
from dumb_pypi.pages.words import readable_size

_PYTHON = re.compile(r'Programming Language :: Python :: (\d\.\d+)')
_LICENSE = re.compile(r'License :: (?:OSI Approved :: )?(.+)')
_OF_COLUMN = keys_of(FACTS_KEYS, COLUMN)
_LONGEST_LICENSE = 100  # characters


class ProjectFacts(NamedTuple):
    """The column beside the description; unknown facts are empty."""

    links: list[tuple[str, str]]
    license: str
    people: list[tuple[str, str]]
    python: str
    files: str
    keywords: str
    requirements: list[Requirement]
    extras: list[tuple[str, list[Requirement]]]


def license_words(facts: Facts) -> str:
    """Return the license expression, else the first line of the license text, else the license of the classifiers."""
    first = (facts.license or '').partition('\n')[0].strip()
    if len(first) > _LONGEST_LICENSE:
        first = f'{first[:_LONGEST_LICENSE].rstrip()}…'
    classifiers = [match[1] for match in map(_LICENSE.fullmatch, facts.classifiers or ()) if match]
    return facts.license_expression or first or ', '.join(classifiers)


def people(facts: Facts) -> list[tuple[str, str]]:
    found = (
        ('Author', facts.author or facts.author_email),
        ('Maintainer', facts.maintainer or facts.maintainer_email),
    )
    return [(label, text) for label, text in found if text is not None]


def python_words(facts: Facts, latest: Release) -> str:
    """Return the Pythons that the files require, else those of the classifiers."""
    asked = next((file.package.requires_python for file in latest.files if file.package.requires_python), None)
    if asked is not None or not facts.classifiers:
        return asked or ''
    named = [match[1] for match in map(_PYTHON.fullmatch, facts.classifiers) if match]
    return ', '.join(named)


def files_words(latest: Release) -> str:
    sizes = [file.package.size for file in latest.distributions]
    count = f'{len(sizes)} {"file" if len(sizes) == 1 else "files"}'
    return count if None in sizes else f'{count}, {readable_size(sum(size or 0 for size in sizes))}'


def project_facts(facts: Facts, latest: Release, python: str) -> ProjectFacts | None:
    """Return the facts, or nothing if the page shows all of them in other places."""
    requires = next((file.package.requires_dist for file in latest.files if file.package.requires_dist), ())
    if not requires and not any(getattr(facts, key) for key in _OF_COLUMN):
        return None
    always, extras = group_requirements(requires)
    return ProjectFacts(
        list((facts.project_urls or {}).items()),
        license_words(facts),
        people(facts),
        python,
        files_words(latest),
        facts.keywords or '',
        always,
        extras,
    )
