"""Exercises in one box: the task, the cell to fill in, the folded solution. Quiz options and hidden code, as folds."""

from __future__ import annotations

from docutils import nodes
from myst_nb.sphinx_ import HideCodeCellNode
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx_design.dropdown import dropdown_main, dropdown_title
from sphinx_design.shared import is_component


def is_code_cell(node: nodes.Node) -> bool:
    return isinstance(node, nodes.container) and node.get("nb_element") == "cell_code"


class NameFolds(SphinxPostTransform):
    """Tells a folded solution, a cell hidden whole, from code that is only out of the way."""

    default_priority = 230
    formats = ("html",)

    def run(self, **kwargs) -> None:
        for cell in self.document.findall(is_code_cell):
            for fold in cell.findall(HideCodeCellNode):
                fold["classes"] = ["fold", "fold-solution" if cell.get("hide_mode") == "all" else "fold-code"]


class BoxExercises(SphinxPostTransform):
    """Puts an admonition of class `exercise` into one box with the code cells that follow it: up to its solution, a
    cell that is folded whole, and without it the next cell alone."""

    default_priority = 240
    formats = ("html",)

    def run(self, **kwargs) -> None:
        for task in [node for node in self.document.findall(nodes.admonition) if "exercise" in node["classes"]]:
            parent, start = task.parent, task.parent.index(task)
            following = []
            for node in parent[start + 1:]:
                if not is_code_cell(node):
                    break
                following.append(node)
            solution = next((place for place, cell in enumerate(following) if cell.get("hide_mode") == "all"), None)
            following = following[:1 if solution is None else solution + 1]
            for cell in following:
                parent.remove(cell)
            box = nodes.compound("", classes=["exercise-box"])
            parent.replace(task, box)
            box.extend([task, *following])


class PlainQuizOptions(SphinxPostTransform):
    """Turns each dropdown of class `quiz-option` into a fold without the looks of a card."""

    default_priority = 190
    formats = ("html",)

    def run(self, **kwargs) -> None:
        for option in list(self.document.findall(lambda node: is_component(node, "dropdown"))):
            classes = [name for name in option["container_classes"] if name.startswith("quiz-")]
            if "quiz-option" in classes and option["has_title"]:
                fold = dropdown_main("", dropdown_title("", "", *option[0].children), classes=classes, opened=False)
                fold += nodes.compound("", *option.children[1:], classes=["quiz-why"])
                option.replace_self(fold)


def open_fold(translator, node: HideCodeCellNode) -> None:
    show, hide = (translator.encode(node[key]) for key in ("prompt_show", "prompt_hide"))
    translator.body.append(f'<details class="{" ".join(node["classes"])}"><summary>'
                           f'<span class="fold-show">{show}</span><span class="fold-hide">{hide}</span></summary>\n')


def close_fold(translator, node: HideCodeCellNode) -> None:
    translator.body.append("</details>\n")


def setup(app: Sphinx) -> None:
    app.setup_extension("myst_nb")
    app.setup_extension("sphinx_design")
    app.add_node(HideCodeCellNode, override=True, html=(open_fold, close_fold))
    for transform in (PlainQuizOptions, NameFolds, BoxExercises):
        app.add_post_transform(transform)
