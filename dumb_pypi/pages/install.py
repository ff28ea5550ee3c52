"""The box with the commands and settings that install a project, or one release of it."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING

from packaging.version import Version

from dumb_pypi.package_list.releases import Release
from dumb_pypi.pages.rendering import index_address, render_macro, rendered
from dumb_pypi.settings import Settings

if TYPE_CHECKING:
    from markupsafe import Markup

PIP_HASHES = ('sha256', 'sha384', 'sha512')  # those that `--require-hashes` accepts
# A box is rendered once with these marks, which are then replaced: this takes a tenth of the time of rendering.
_NAME, _PIN, _HASHES = '\0n', '\0p', '\0h'
_ANY_RELEASE = Release('1', Version('1'), False, False, (), ())


def pip_hashes(release: Release) -> list[str]:
    """Return what `--require-hashes` wants: a hash for each file of the release, or none at all."""
    found = [
        next((f'{name}:{file.hashes[name]}' for name in PIP_HASHES if name in file.hashes), None)
        for file in release.distributions
    ]
    return [] if None in found else sorted({each for each in found if each})


def _render(settings: Settings, name: str, release: Release, pin: str, hashes: Sequence[str] | None) -> str:
    values = {'name': name, 'release': release, 'pin': pin, 'hashes': hashes, 'beside': settings.with_public_index}
    return render_macro('install_box.html', address=index_address(settings), **values).decode()


@functools.lru_cache(maxsize=2**3)
def _render_marked(settings: Settings, pin: str, hashes: tuple[str, ...] | None) -> str:
    return _render(settings, _NAME, _ANY_RELEASE, pin, hashes)


def project_box(name: str, latest: Release, pin: str, settings: Settings) -> Markup:
    """Return how to install a project. `pin` is empty if the installers choose its latest release by themselves."""
    if latest.parsed is None:
        return rendered(_render(settings, name, latest, pin, None).encode())
    page = _render_marked(settings, _PIN if pin else '', None)
    return rendered(page.replace(_NAME, name).replace(_PIN, pin).encode())


def release_box(name: str, release: Release, pin: str, settings: Settings) -> Markup:
    """Return how to install a release. Names, standard versions and hashes need no escapes in HTML."""
    if release.parsed is None:
        return rendered(_render(settings, name, release, '', []).encode())
    hashes = pip_hashes(release)
    page = _render_marked(settings, _PIN, (_HASHES,) if hashes else ())
    page = page.replace(_NAME, name).replace(_PIN, pin)
    return rendered(page.replace(_HASHES, ' \\\n    --hash='.join(hashes)).encode())
