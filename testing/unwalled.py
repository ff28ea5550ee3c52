"""Renders descriptions like the renderer process, but without its limits, for comparison and for measuring.

    python -m testing.unwalled

Standard input is a JSON list of [markup, text]. Standard output is JSON: the answers, and every file or module that was
opened, imported or searched for after the renderers were made.
"""

from __future__ import annotations

import json
import sys

from dumb_pypi.pages.renderer import make_answer, make_renderers

WATCHED = ('import', 'open', 'os.', 'glob.', 'shutil.', 'socket.', 'subprocess.', 'urllib.', 'ctypes.')

if __name__ == '__main__':
    asked = json.load(sys.stdin)
    renderers = make_renderers()
    seen: list[str] = []
    is_watched = True

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        if is_watched and event.startswith(WATCHED):
            seen.append(f'{event} {arguments}')

    sys.addaudithook(watch)
    answers = [make_answer(renderers.get(markup), text) for markup, text in asked]
    is_watched = False
    json.dump([answers, seen], sys.stdout)
