"""The templates, their filters, and the layout that pages for people share."""

from __future__ import annotations

import functools
import re
import urllib.parse
from typing import TYPE_CHECKING, Any, NamedTuple

from dumb_pypi.package_list.values import is_absolute, is_web_url, iso_time
from dumb_pypi.pages.kinds import release_url, top_of
from dumb_pypi.pages.words import marker_words, readable_size, specifier_words
from dumb_pypi.settings import Settings

if TYPE_CHECKING:  # slow to import, and a run that renders nothing does not need them
    import jinja2
    from markupsafe import Markup

HTML_HASHES = ('sha256', 'sha512', 'sha384', 'md5')  # uv rejects a page with any other in a fragment
_URL_IN_TEXT = re.compile(r'(https?://[^\s<>"]*[\w/])')  # without the full stop of the sentence
_MARK = '\0'  # does not occur in any text of a page


def readable(time: str) -> str:
    """Return `2026-01-02 03:04` for a time in ISO 8601."""
    return f'{time[:10]} {time[11:16]}'


def readable_time(seconds: float) -> str:
    return readable(iso_time(seconds))


def feed_time(seconds: float) -> str:
    """Return `Fri, 02 Jan 2026 03:04:05 GMT`, the format of RSS, whatever the locale is."""
    import email.utils  # here, because it takes 8 ms and most sites have no feeds

    return email.utils.formatdate(int(seconds), usegmt=True)


def page_hash(hashes: dict[str, str]) -> str:
    """Return one of the hashes of a file, `sha256=…`; '' if there is none."""
    if len(hashes) > 1:
        hashes = {name: hashes[name] for name in HTML_HASHES if name in hashes} or hashes
    for algorithm, value in hashes.items():
        return f'{algorithm}={value}'
    return ''


def fragment(hashes: dict[str, str]) -> str:
    """Return `#sha256=…` if installers know the algorithm; else ''."""
    text = page_hash(hashes)
    return f'#{text}' if text.startswith(HTML_HASHES) else ''


def with_links(text: str) -> list[tuple[str, bool]]:
    """Return the parts of a text, each with whether it is a URL."""
    parts = _URL_IN_TEXT.split(text)
    return [(part, i % 2 == 1 and is_web_url(part)) for i, part in enumerate(parts) if part]


@functools.cache
def read_templates() -> jinja2.Environment:
    import jinja2

    from dumb_pypi.pages.escaping import Environment

    environment = Environment(
        loader=jinja2.PackageLoader('dumb_pypi'),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        optimized=False,  # there is nothing to optimize, and the search for it takes as long as 100 files
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    times = (readable, readable_time, feed_time, iso_time)
    links = (fragment, release_url, with_links)
    filters = (*times, *links, marker_words, readable_size, specifier_words)
    environment.filters.update({each.__name__: each for each in filters})
    return environment


@functools.cache
def _read_page_macro(template: str) -> Any:
    return read_templates().get_template(template).module.page  # type: ignore[attr-defined]  # of the template


def render_macro(template: str, **values: object) -> bytes:
    """Render a template that is one macro, `page`. This costs a quarter of `render`."""
    try:
        text: str = _read_page_macro(template)(**values)
    except Exception:
        read_templates().handle_exception()  # as `render` does: else tracebacks have the lines of the compiled code
    return text.encode()


def render(template: str, **values: object) -> bytes:
    return read_templates().get_template(template).render(values).encode()


def human_page(path: str, template: str, settings: Settings, root: str | None = None, **values: object) -> bytes:
    """Render a page for people. `root` is the relative URL of the top of the site."""
    root = top_of(path) if root is None else root
    logo = settings.logo
    if logo is not None and not is_absolute(logo):
        logo = root + logo
    values = {'current': '', 'has_links': True, **values}
    return render(template, settings=settings, logo=logo, images=image_sources(logo or ''), root=root, **values)


def image_sources(logo: str) -> str:
    """Return the image sources that the policy of a page allows: this site, and the host of the logo."""
    parts = urllib.parse.urlsplit(logo)
    if parts.scheme == 'data':
        return "'self' data:"
    is_elsewhere = parts.scheme in ('', 'http', 'https') and re.fullmatch(r'[\w.:\[\]-]+', parts.netloc, re.ASCII)
    return f"'self' {parts.scheme}{'://' if parts.scheme else ''}{parts.netloc}" if is_elsewhere else "'self'"


class Layout(NamedTuple):
    """What all pages of a kind share, rendered once: `frame.html`, cut where pages differ."""

    top: Markup  # up to the page's own head
    title: Markup  # from there to its title
    middle: Markup  # from there to its main part
    bottom: Markup


def rendered(page: bytes) -> Markup:
    """Mark the output of a template as escaped. No other text becomes markup here."""
    from markupsafe import Markup

    return Markup(page.decode())


def description_markup(html: str) -> Markup:
    """Mark a description as escaped. Only for the output of `guest`."""
    from markupsafe import Markup

    return Markup(html)


@functools.lru_cache(maxsize=2**2)
def layout(root: str, settings: Settings, current: str = '') -> Layout:
    page = human_page('', 'frame.html', settings, root, mark=_MARK, current=current)
    top, title, middle, bottom = map(rendered, page.split(_MARK.encode()))
    return Layout(top, title, middle, bottom)


@functools.lru_cache(maxsize=1)
def index_address(settings: Settings) -> Markup:
    """Return the address of the index for install lines."""
    return rendered(render('address.html', settings=settings))
