"""A network as one Python file that needs torch alone: `build()`, `load()` and a drawing."""

from __future__ import annotations

import ast
import textwrap

from search_spaces.base import InputShape
from search_spaces.bundling import Bundle, bound_names
from search_spaces.classifier import Classifier, ResizingClassifier
from search_spaces.errors import StandaloneSourceError


def write_module(
    source: Bundle,
    *,
    drawing: str,
    content_hash: str,
    constants: str,
    network: str,
    input_shape: InputShape,
    num_classes: int,
    resolution: int | None = None,
) -> str:
    """Write a module with `build()` and `load()` around the bundled definitions.

    `network` are the statements that make the variable `network`; they may use `constants`,
    statements that stand before. The classifier is added to `source`, of the kind that resizes
    images where there is a `resolution`.

    Raises:
        StandaloneSourceError: A bundled definition has the name of one of the module's own.
    """
    channels, height, width = input_shape
    classifier: type[Classifier] = Classifier if resolution is None else ResizingClassifier
    source.add(classifier)
    arguments = "" if resolution is None else f", resolution={resolution}"
    shown_constants = f"\n\n\n{constants}" if constants else ""
    definitions = source.render_definitions()
    text = f'''"""A convolutional network found by architecture search. It needs torch alone.

    model = load()  # or build() for fresh weights
    logits = model(images)  # images: (N, {channels}, {height}, {width}) float, values in [0, 1]

{drawing}

architecture {content_hash}
"""

{source.render_imports()}
{_blank_lines(definitions)}{definitions}{shown_constants}


def build() -> {classifier.__name__}:
    """Make the network, weights fresh: `(N, {channels}, H, W)` to `(N, {num_classes})` logits."""
{textwrap.indent(network, "    ")}
    return {classifier.__name__}(network, {channels}{arguments})


def load(weights: Path | None = None) -> {classifier.__name__}:
    """Make the network, ready for inference, with the weights beside this file or others."""
    weights = weights or Path(__file__).with_suffix(".pt")
    model = build()
    model.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
    return model.eval()


if __name__ == "__main__":
    model = load()
    logits = model(torch.rand(1, {channels}, {height}, {width}))
    parameters = sum(p.numel() for p in model.parameters())
    print(f"{{parameters:,}} parameters, logits {{tuple(logits.shape)}}")
'''
    check_names(text)
    return text


def _blank_lines(definitions: str) -> str:
    """Return what stands after the imports: two lines before a class or function, else one."""
    return "\n\n" if definitions.startswith(("class ", "def ", "@")) else "\n"


def check_names(source: str) -> None:
    """Refuse a module in which one definition or import would replace another."""
    seen: set[str] = set()
    for node in ast.parse(source).body:
        imported: list[str] = []
        if isinstance(node, ast.Import | ast.ImportFrom):
            imported = [alias.asname or alias.name for alias in node.names]
        for name in (*bound_names(node), *imported):
            if name in seen:
                raise StandaloneSourceError(
                    f"the standalone module would define {name!r} twice; allowed: distinct names "
                    "of classes, functions and constants in the modules it is made of"
                )
            seen.add(name)
