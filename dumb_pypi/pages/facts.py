"""The facts of a project, in a few lines for people."""

from __future__ import annotations

import re
import string
from typing import NamedTuple

from dumb_pypi.package_list.lines import Facts
from dumb_pypi.package_list.releases import Release
from dumb_pypi.pages.words import specifier_words

_PYTHON = re.compile(r'Programming Language :: Python :: (\d\.\d+)')
_LICENSE = re.compile(r'License :: (?:OSI Approved :: )?(.+)')
_LONGEST_LICENSE = 100  # characters
_NO_LABEL = str.maketrans('', '', string.punctuation + string.whitespace)
_WELL_KNOWN = {  # links by their labels: PEP 753
    'Source': ('source', 'repository', 'sourcecode', 'github'),
    'Changelog': ('changelog', 'changes', 'whatsnew', 'history', 'releasenotes'),
    'Documentation': ('documentation', 'docs'),
    'Issues': ('issues', 'bugs', 'issue', 'tracker', 'issuetracker', 'bugtracker'),
}
_BY_LABEL = {label: name for name, labels in _WELL_KNOWN.items() for label in labels}


class ProjectFacts(NamedTuple):
    """The facts at the end of a project page; unknown facts are empty."""

    links: list[tuple[str, str]]
    people: list[tuple[str, list[str]]]
    keywords: list[str]
    classifiers: list[tuple[str, list[str]]]  # by their first part


def license_words(facts: Facts) -> str:
    """Return the expression; else a text of one short line; else what the classifiers say."""
    if facts.license_expression:
        return facts.license_expression
    text = facts.license or ''
    if text and '\n' not in text and len(text) <= _LONGEST_LICENSE and not text.lower().startswith('copyright'):
        return text
    return ', '.join(match[1] for match in map(_LICENSE.fullmatch, facts.classifiers or ()) if match)


def well_known_links(facts: Facts) -> list[tuple[str, str]]:
    """Return the links with well-known labels, at most one of each meaning."""
    found: dict[str, str] = {}
    for label, url in (facts.project_urls or {}).items():
        name = _BY_LABEL.get(label.translate(_NO_LABEL).lower())
        if name is not None:
            found.setdefault(name, url)
    return [(name, found[name]) for name in _WELL_KNOWN if name in found]


def addresses(text: str) -> list[str]:
    """Split `Ann <ann@example.com>, bob@example.com`; names alone are not split."""
    found = ['']
    for part in text.split(','):
        if '@' in found[-1]:
            found.append(part)
        else:
            found[-1] = f'{found[-1]},{part}' if found[-1] else part
    return [each.strip() for each in found]


def people(facts: Facts) -> list[tuple[str, list[str]]]:
    found = (
        ('Author', facts.author or facts.author_email),
        ('Maintainer', facts.maintainer or facts.maintainer_email),
    )
    return [(label, addresses(text)) for label, text in found if text is not None]


def keywords(text: str) -> list[str]:
    words = text.split(',') if ',' in text else text.split()
    return [word.strip() for word in words if word.strip()]


def classifiers(texts: list[str]) -> list[tuple[str, list[str]]]:
    found: dict[str, list[str]] = {}
    for text in texts:
        first, *rest = text.split(' :: ')
        found.setdefault(first if rest else 'Classifier', []).append(' / '.join(rest or [first]))
    return list(found.items())


def python_words(facts: Facts, latest: Release) -> str:
    """Return the Pythons that the files require, else those of the classifiers."""
    asked = next((file.package.requires_python for file in latest.files if file.package.requires_python), None)
    if asked is not None:
        return specifier_words(asked)
    named = [match[1] for match in map(_PYTHON.fullmatch, facts.classifiers or ()) if match]
    return ', '.join(named)


def project_facts(facts: Facts) -> ProjectFacts | None:
    """Return `None` if no fact is known."""
    found = ProjectFacts(
        list((facts.project_urls or {}).items()),
        people(facts),
        keywords(facts.keywords or ''),
        classifiers(facts.classifiers or []),
    )
    return found if any(found) else None
