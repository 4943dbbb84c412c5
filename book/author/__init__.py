"""The author's tool: one bilingual source a chapter or lab in, notebooks and a site in every language out.

    python -m author --help

source.py      reads a source: prose in every language, code that they share
check.py       finds what the languages do not say alike
prose.py       turns prose into plain Markdown (notebooks) or MyST (site)
lab.py         takes a lab's solutions out for the reader, and tells a grader which cells are which
notebooks.py   writes the committed notebooks
execute.py     runs each source's code once, and remembers what it gave
site.py        writes the pages of a language, and builds and publishes the site
setup.py       makes the virtual environment (no dependency, so that it runs before there is one)
"""
