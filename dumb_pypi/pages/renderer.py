"""What runs behind the wall of `wall.py`: renders descriptions as the public index does, and opens nothing for them.

What a text may not do is removed here where it has a name, and the process gives up the rest before it sees a text.
"""

from __future__ import annotations

import contextlib
import io
import os
import signal
import struct
import traceback
import warnings
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, NoReturn

RST, GFM, COMMON_MARK = range(3)  # the markups
HTML, TEXT, BUG = range(3)  # answers: the text is rendered, is to be shown unchanged, has found a bug in this program
REQUEST = struct.Struct('=BdI')  # markup, seconds of CPU, bytes of the text that follows
ANSWER = struct.Struct('=BI')  # kind, bytes of the text that follows

LONGEST_RESULT = 1_000_000  # characters
LONGEST_CODE = 20_000  # characters; longer code has no colours
_SOCKET = 0  # standard input, for both directions

# The languages of code in READMEs. Others have no colours: a lexer of Pygments may take hours, and for a name that it
# does not know Pygments searches all installed packages. No lexer in this list looks for others by their file or type.
_LEXERS = (
    *('PythonLexer', 'Python2Lexer', 'PythonConsoleLexer', 'PythonTracebackLexer', 'CythonLexer'),
    *('BashLexer', 'BashSessionLexer', 'PowerShellLexer', 'BatchLexer', 'MSDOSSessionLexer'),
    *('TOMLLexer', 'IniLexer', 'PropertiesLexer', 'JsonLexer', 'YamlLexer', 'XmlLexer', 'HtmlLexer', 'CssLexer'),
    *('TextLexer', 'DiffLexer', 'RstLexer', 'MarkdownLexer', 'BibTeXLexer', 'MakefileLexer', 'CMakeLexer'),
    *('DockerLexer', 'NginxConfLexer'),
    *('JavascriptLexer', 'TypeScriptLexer', 'CLexer', 'CppLexer', 'RustLexer', 'GoLexer', 'JavaLexer', 'SqlLexer'),
)
_RST_SAMPLE = """\
One_
====

.. |a| replace:: **b**
.. role:: own(code)
   :language: json
.. _One: https://example.com/

|a| :own:`{}` :math:`c` `d <e.html>`__ [1]_ [f]_ "g" -- https://example.com/ h@example.com

.. [1] i
.. [f] j
.. contents::
.. image:: k.svg
   :alt: l
.. code:: json

   {}

.. csv-table::

   m, n

== ==
o  p
== ==

:q: r

I. s

t
  u

.. note:: v
"""
_MARKDOWN_SAMPLE = '# a\n\n```json\n{}\n```\n\n|b|\n|-|\n\n- [ ] c[^1] :+1:\n\n> [!NOTE]\n> d\n\n[^1]: e\n'

Render = Callable[[str], 'str | None']


def make_renderers() -> dict[int, Render]:
    """Return what renders each markup; a markup whose renderer is not installed is missing.

    Imports all that a description may need, and changes in the libraries what would open files for one: afterwards a
    process can do without files.
    """
    warnings.simplefilter('ignore')  # about what is not installed
    renderers: dict[int, Render] = {}
    with contextlib.suppress(ImportError):
        _limit_lexers()
        renderers.update(_make_markdown())
        renderers[RST] = _make_rst()
    for markup, render in renderers.items():
        render(_RST_SAMPLE if markup == RST else _MARKDOWN_SAMPLE)
    return renderers


def _limit_lexers() -> None:
    """Let Pygments find only the lexers above, and only for short code."""
    import pygments.lexers
    from pygments.util import ClassNotFound

    lexers = [getattr(pygments.lexers, name) for name in _LEXERS]
    known = {alias: lexer for lexer in lexers for alias in lexer.aliases}
    plain = known['text']()

    def get_lexer_by_name(name: str, **options: Any) -> Any:
        if name.lower() not in known:
            raise ClassNotFound(name)
        lexer = known[name.lower()](**options)
        get_tokens = lexer.get_tokens
        lexer.get_tokens = lambda code: get_tokens(code) if len(code) <= LONGEST_CODE else plain.get_tokens(code)
        return lexer

    vars(pygments.lexers)['get_lexer_by_name'] = get_lexer_by_name  # where all ask, for code within code too


def _make_markdown() -> dict[int, Render]:
    from readme_renderer import markdown

    if not markdown.variants:  # the extra `md` of it is not installed
        return {}
    return {
        GFM: lambda text: markdown.render(text, 'GFM'),
        COMMON_MARK: lambda text: markdown.render(text, 'CommonMark'),
    }


def _make_rst() -> Render:
    import importlib
    import mimetypes

    from docutils import nodes
    from docutils.parsers.rst import Directive, directives, roles
    from docutils.writers.html5_polyglot import Writer
    from readme_renderer import rst

    class Date(Directive):
        """A directive without effect: `.. |today| date::` would change every day."""

        has_content = True

        def run(self) -> list[nodes.Node]:
            return [nodes.Text('')]

    class Fragment(Writer):
        """A renderer that needs no template file for each text."""

        def apply_template(self) -> str:
            return ''

    def loading(argument: str) -> str:
        """Return the option without `embed`, which would open the image."""
        return directives.choice(argument, ('link', 'lazy'))

    modules = {module for module, _ in vars(directives)['_directive_registry'].values()}
    for module in sorted(modules):
        importlib.import_module(f'{directives.__name__}.{module}')
    directives.register_directive('date', Date)
    for name in ('Image', 'Figure'):
        vars(directives)['images'].__dict__[name].option_spec['loading'] = loading
    mimetypes.knownfiles.clear()  # of this machine
    mimetypes.init()
    vars(rst)['Writer'] = Fragment
    # Neither the settings of this machine nor stylesheets, which would be opened for each text.
    rst.SETTINGS.update(_disable_config=True, stylesheet_path=None, embed_stylesheet=False, language_code='en')

    def render(text: str) -> str | None:
        vars(roles)['_roles'].clear()  # or what one text defines is known in the next one
        return rst.render(text, io.StringIO())

    return render


def make_answer(render: Render | None, text: str) -> tuple[int, str]:
    """Return the kind of an answer and its text. Raises `MemoryError`."""
    try:
        html = render(text) if render is not None else None
    except MemoryError:
        raise
    except OSError:  # nothing that a description says may have any business with files
        return BUG, traceback.format_exc()
    except BaseException:  # renderers have faults, and panics of their parts in Rust are no mere exceptions
        return TEXT, ''
    return (HTML, html) if html and len(html) <= LONGEST_RESULT else (TEXT, '')


def live(memory: int) -> NoReturn:  # pragma: no cover (who cannot open a file cannot write down what has run)
    """Answer requests on standard input, a socket, until it is closed. `memory` is in bytes."""
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # reaches all of them: whoever asks ends this one
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
        signal.signal(signal.SIGIO, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        requests, answers = open(_SOCKET, 'rb', closefd=False), open(_SOCKET, 'wb', closefd=False)
        try:
            renderers = make_renderers()
            _give_up(memory)
        except Exception:
            _send(answers, BUG, traceback.format_exc())
        else:
            _send(answers, TEXT, '')
        while request := requests.read(REQUEST.size):
            markup, seconds, length = REQUEST.unpack(request)
            text = requests.read(length).decode()
            with _limited(seconds):
                kind, answer = make_answer(renderers.get(markup), text)
            _send(answers, kind, answer)
    finally:
        os._exit(1)


def _give_up(memory: int) -> None:  # pragma: no cover (as above)
    """Give up for good all rights that rendering does not need."""
    import fcntl
    import resource

    fcntl.fcntl(_SOCKET, fcntl.F_SETOWN, os.getpid())
    os.environ.clear()
    os.chdir('/')
    limits = {resource.RLIMIT_CORE: 0, resource.RLIMIT_NOFILE: 0, resource.RLIMIT_AS: memory}
    for limit, value in limits.items():
        _, most = resource.getrlimit(limit)
        value = value if most == resource.RLIM_INFINITY else min(value, most)
        try:
            resource.setrlimit(limit, (value, value))
        except (OSError, ValueError):
            if limit != resource.RLIMIT_AS:  # which macOS does not limit
                raise


@contextlib.contextmanager
def _limited(seconds: float) -> Iterator[None]:  # pragma: no cover (as above)
    """End this process after `seconds` of CPU time, or when its parent is gone, by signals that it does not catch."""
    import fcntl  # not for the first time, or there would be no file to be opened for it

    flags = fcntl.fcntl(_SOCKET, fcntl.F_GETFL)
    fcntl.fcntl(_SOCKET, fcntl.F_SETFL, flags | os.O_ASYNC)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        fcntl.fcntl(_SOCKET, fcntl.F_SETFL, flags)


def _send(answers: BinaryIO, kind: int, text: str) -> None:  # pragma: no cover (as above)
    content = text.encode()
    answers.write(ANSWER.pack(kind, len(content)) + content)
    answers.flush()
