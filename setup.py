import re
from pathlib import Path

from setuptools import setup

HERE = Path(__file__).parent


def read_version() -> str:
    """Read, not imported: when a wheel is built, jinja2 and packaging need not be installed."""
    source = (HERE / 'dumb_pypi' / '__init__.py').read_text(encoding='utf-8')
    found = re.search(r"^__version__ = '(.+)'$", source, re.MULTILINE)
    if found is None:
        raise SystemExit("dumb_pypi/__init__.py: expected a line __version__ = '...'")
    return found[1]


setup(
    name='dumb-pypi',
    version=read_version(),
    description='Turns a list of Python distribution files into a complete static package index',
    long_description=(HERE / 'README.md').read_text(encoding='utf-8'),
    long_description_content_type='text/markdown',
    license_expression='Apache-2.0',
    license_files=['LICENSE'],
    classifiers=[
        'Environment :: Console',
        'Intended Audience :: Developers',
        'Intended Audience :: System Administrators',
        'Programming Language :: Python :: 3',
        'Programming Language :: Python :: 3 :: Only',
        'Programming Language :: Python :: 3.10',
        'Programming Language :: Python :: 3.11',
        'Programming Language :: Python :: 3.12',
        'Programming Language :: Python :: 3.13',
        'Topic :: Software Development :: Build Tools',
        'Topic :: System :: Archiving :: Packaging',
        'Topic :: System :: Software Distribution',
    ],
    python_requires='>=3.10',
    # The lower bounds are tried by `tox -e lowest`: the errors of msgspec 0.21 are the first that are all ValueErrors;
    # packaging 24.2 is the first that reads License-Expression; readme_renderer before 46.0 loses titles of
    # reStructuredText and knows no notes in Markdown.
    install_requires=['jinja2>=3.1', 'msgspec>=0.21', 'packaging>=24.2'],
    extras_require={
        # Descriptions as the public index shows them.
        'readme': ['readme_renderer[md]>=46.0'],
        # Pools in buckets.
        'remote': ['fsspec'],
    },
    packages=['dumb_pypi', 'dumb_pypi.package_list', 'dumb_pypi.pages', 'dumb_pypi.pool', 'dumb_pypi.site'],
    package_data={'dumb_pypi': ['templates/*', 'static/*']},
    entry_points={
        'console_scripts': ['dumb-pypi = dumb_pypi.__main__:main', 'dumb-pypi-list = dumb_pypi.pool.__main__:main'],
    },
)
