"""Values in their normal form: names, texts, hashes, URLs and times. The functions raise `BadValue`."""

from __future__ import annotations

import datetime
import functools
import math
import re
import urllib.parse
from typing import Annotated

import msgspec

from dumb_pypi.errors import NotADistribution, unexpected

HASH_DIGITS = {'md5': 32, 'sha1': 40, 'sha224': 56, 'sha256': 64, 'sha384': 96, 'sha512': 128, 'blake2b_256': 64}
MAX_NAME = 255  # bytes: the limit of common file systems
A_HASH = '<algorithm>=<hex>'
A_URL = 'a percent-encoded http, https or file URL without a fragment'
A_WEB_URL = 'an absolute http or https URL'
A_TIME = 'seconds since 1970, or ISO 8601 with a zone'

# Control characters, lone surrogates and noncharacters: HTML forbids them, and UTF-8 cannot encode all of them.
_NEVER_PRINTABLE = (
    '\x7f-\x9f\u2028\u2029\ud800-\udfff\ufdd0-\ufdef'
    '\u202a-\u202e\u2066-\u2069'  # these change the direction of text, so that readers see another text
    + ''.join(chr(plane + 0xFFFE) + chr(plane + 0xFFFF) for plane in range(0, 0x110000, 0x10000))
)
_UNPRINTABLE = re.compile(f'[\0-\x1f{_NEVER_PRINTABLE}]')
_UNPRINTABLE_IN_LINES = re.compile(f'[\0-\x08\x0b-\x1f{_NEVER_PRINTABLE}]')
PLAIN = re.compile(r'[A-Za-z0-9][A-Za-z0-9._-]{0,254}')  # a name that is the same in a URL
NAME = re.compile(r'[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?')  # PEP 508
NORMALIZED = '[a-z0-9]+(?:-[a-z0-9]+)*'  # normalized by PEP 503: one segment of a path, never `..`
_USUAL_HASH = re.compile(r'sha256=[0-9a-f]{64}')
_HASH = re.compile(r'([a-z0-9_]+)=([0-9A-Fa-f]+)')
_URL = re.compile(r"[A-Za-z0-9._~:/?\[\]@!$&'()*+,;=%-]+")  # RFC 3986, without the fragment
_HALF_ESCAPE = re.compile('%(?![0-9A-Fa-f]{2})')  # not in `_URL`, which would need 120 bytes per character
_WEB_URL = re.compile(r'https?://[^\s<>"\\^`{|}]+', re.IGNORECASE)  # for people: letters of any script are allowed
_Moment = Annotated[datetime.datetime, msgspec.Meta(tz=True)]
_USUAL_TEXT = 200  # characters: longer texts are not cached, to save memory
LAST_SECOND = 2**33  # in the year 2242: until then, a float is exact to the microsecond


def _cleaned(text: str) -> str:
    return ' '.join(_UNPRINTABLE.sub(' ', text).split())


_remembered = functools.lru_cache(maxsize=2**14)(_cleaned)


def normal_text(text: str) -> str:
    return _remembered(text) if len(text) <= _USUAL_TEXT else _cleaned(text)


def normal_specifier(text: str) -> str:
    """Return a specifier without empty parts, otherwise unchanged: pip accepts `>=3.6,,<4`, but uv does not."""
    text = normal_text(text)
    parts = text.split(',')
    return text if all(map(str.strip, parts)) else ','.join(filter(str.strip, parts)).strip()


def normal_texts(texts: list[str]) -> list[str]:
    return [_remembered(text) if len(text) <= _USUAL_TEXT else _cleaned(text) for text in texts]


def present_texts(texts: list[str]) -> list[str]:
    """Return the normal form of these texts, without empty ones."""
    return [text for text in normal_texts(texts) if text]


def normal_lines(text: str) -> str:
    """Return a text of several lines: line breaks become LF, tabs stay, other control characters become spaces."""
    return _UNPRINTABLE_IN_LINES.sub(' ', text.replace('\r\n', '\n').replace('\r', '\n'))


def stripped_lines(text: str) -> str:
    return normal_lines(text).strip()


def normal_path(value: str) -> str:
    """Return a file name, or a path relative to `--packages-url`. Raises `NotADistribution` for unsafe paths."""
    if PLAIN.fullmatch(value):
        return value
    if not value:
        raise unexpected('a file name', value)
    path = value.removeprefix('./')
    if _UNPRINTABLE.search(path):
        raise NotADistribution('has control characters in its name')
    if path.startswith('/') or '\\' in path or not {'.', '..'}.isdisjoint(path.split('/')):
        raise NotADistribution('is not a path below the packages URL')
    if len(path.rpartition('/')[2].encode()) > MAX_NAME:
        raise NotADistribution(f'has a name of more than {MAX_NAME} bytes')
    return path


@functools.lru_cache(maxsize=2**12)
def canonical_name(name: str) -> str:
    """Return the normalized form (PEP 503) of a valid name."""
    from packaging.utils import canonicalize_name  # imported here: a run that parses nothing starts 10 % faster

    return canonicalize_name(name)


def normal_name(value: str) -> str:
    """Return the normalized name (PEP 503) of a project."""
    if not NAME.fullmatch(value) or len(value) > MAX_NAME:
        raise unexpected('a project name', value)
    return canonical_name(value)


def normal_version(value: str) -> str:
    if not 0 < len(value) <= MAX_NAME or normal_text(value) != value:
        raise unexpected('a version', value)
    return value


def normal_hash(value: str) -> str:
    if _USUAL_HASH.fullmatch(value):
        return value
    match = _HASH.fullmatch(value)
    if match is None or len(match[2]) != HASH_DIGITS.get(match[1]):
        raise unexpected(A_HASH, value)
    return f'{match[1]}={match[2].lower()}'  # pip before 24.1 compares it with a digest in lower case


def normal_hashes(value: dict[str, str]) -> dict[str, str]:
    pairs = (normal_hash(f'{key}={digest}' if isinstance(digest, str) else digest) for key, digest in value.items())
    return dict(sorted(pair.split('=') for pair in pairs))


def normal_url(value: str) -> str:
    """Return an absolute or relative URL in the characters of RFC 3986. `javascript:` URLs are rejected."""
    if not _URL.fullmatch(value) or _HALF_ESCAPE.search(value):
        raise unexpected(A_URL, value)
    try:
        parts = urllib.parse.urlsplit(value)
        reachable = parts.port != 0 and (bool(parts.hostname) or parts.scheme not in ('http', 'https'))
    except ValueError:  # a port above 65535, an incomplete IPv6 address
        reachable = False
    if not reachable or parts.scheme not in ('', 'http', 'https', 'file'):
        raise unexpected(A_URL, value)
    return value


def directory_url(value: str) -> str:
    """Return a URL to which paths can be appended."""
    url = normal_url(value)
    if '?' in url:
        raise unexpected('a URL without a query', value)
    return url if url.endswith('/') else f'{url}/'


def normal_https_url(value: str) -> str:
    if not value.startswith('https://'):
        raise unexpected('an absolute https URL', value)
    return normal_url(value)


def is_web_url(url: str) -> bool:
    try:
        return _WEB_URL.fullmatch(url) is not None and bool(urllib.parse.urlsplit(url).hostname)
    except ValueError:  # an incomplete IPv6 address
        return False


def normal_web_urls(value: dict[str, str]) -> dict[str, str]:
    """Return URLs by label, sorted by label; URLs without a label are left out."""
    urls = {normal_text(label): normal_text(url) for label, url in value.items()}
    for url in urls.values():
        if not is_web_url(url):
            raise unexpected(A_WEB_URL, url)
    return {label: urls[label] for label in sorted(urls) if label}


def normal_core_metadata(value: bool | str) -> bool | str | None:
    if value is True or value == 'true':
        return True
    if value is False:
        return None
    if not value.startswith('sha256='):
        raise unexpected('true or sha256=<hex>', value)
    return normal_hash(value)


def normal_time(value: float | str) -> float:
    """Return seconds since 1970, rounded to microseconds."""
    if type(value) is int and 0 <= value < LAST_SECOND:
        return value
    if isinstance(value, str):
        try:
            number = msgspec.convert(value, _Moment).timestamp()
        except ValueError:  # also UnicodeError, for a lone surrogate
            raise unexpected(A_TIME, value) from None
    else:
        number = value
    if not abs(number) < math.inf:
        raise unexpected(A_TIME, value)
    number = round(number, 6)
    if not 0 <= number < LAST_SECOND:
        raise unexpected(f'{A_TIME}, between 1970 and 2242', value)
    return int(number) if number == int(number) else number


def is_absolute(url: str) -> bool:
    return url.startswith('/') or bool(urllib.parse.urlsplit(url).scheme)


def iso_time(seconds: float) -> str:
    """Return `2026-01-02T03:04:05Z`, or with microseconds `2026-01-02T03:04:05.060000Z`: every client accepts both."""
    text: str = msgspec.to_builtins(datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc))
    return text
