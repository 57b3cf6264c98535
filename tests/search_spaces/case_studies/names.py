"""How torchvision and timm name the weights of the classic networks, in our names.

Each function takes a reference's module path (a weight's name without its last part) and
returns ours.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from search_spaces.stages.architecture import StagesArchitecture
from search_spaces.stages.families import Conv, MBConv


def _groups(pattern: str, path: str) -> tuple[str, ...]:
    found = re.fullmatch(pattern, path)
    if found is None:
        raise KeyError(f"{path!r} is not like {pattern!r}")
    return found.groups()


def _positions(architecture: StagesArchitecture) -> list[tuple[int, int]]:
    """Stage and block of each block, in order."""
    return [(s, b) for s, stage in enumerate(architecture.stages) for b in range(stage.depth)]


def alexnet(path: str, _: StagesArchitecture) -> str:
    return {
        "features.0": "stem.0.0",
        "features.3": "stages.0.0.0",
        "features.6": "stages.1.0.0",
        "features.8": "stages.2.0.0",
        "features.10": "stages.3.0.0",
        "classifier.1": "head.hidden.0",
        "classifier.4": "head.hidden.3",
        "classifier.6": "head.classifier",
    }[path]


def vgg(path: str, architecture: StagesArchitecture) -> str:
    ours = {
        "classifier.0": "head.hidden.0",
        "classifier.3": "head.hidden.3",
        "classifier.6": "head.classifier",
    }
    index = 0
    for number, stage in enumerate(architecture.stages):
        assert isinstance(stage.block, Conv)
        for block in range(stage.depth):
            ours[f"features.{index}"] = f"stages.{number}.{block}.0"
            if stage.block.norm:
                ours[f"features.{index + 1}"] = f"stages.{number}.{block}.1"
            index += 3 if stage.block.norm else 2  # convolution, norm, ReLU
        index += 1  # pooling
    return ours[path]


def googlenet(path: str, _: StagesArchitecture) -> str:
    modules = ("3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b")
    leaf = {"conv": "0", "bn": "1"}
    if path == "fc":
        return "head.classifier"
    top, _, rest = path.partition(".")
    if top in ("conv1", "conv2", "conv3"):
        place = {"conv1": "stem.0", "conv2": "stages.0.0", "conv3": "stages.1.0"}[top]
        return f"{place}.{leaf[rest]}"
    if top in ("aux1", "aux2"):
        place = {"aux1": "auxiliary.4", "aux2": "auxiliary.7"}[top]
        layer = {"conv.conv": "1.0", "conv.bn": "1.1", "fc1": "3", "fc2": "6"}[rest]
        return f"{place}.{layer}"
    stage = 2 + modules.index(top.removeprefix("inception"))
    branch, inner, kind = _groups(r"branch(\d)(?:\.(\d))?\.(conv|bn)", rest)
    within = f".{inner}" if inner else ""
    return f"stages.{stage}.0.branches.{int(branch) - 1}{within}.{leaf[kind]}"


def resnet(path: str, _: StagesArchitecture) -> str:
    """Torchvision's and timm's ResNets, ResNeXts and SE-ResNets of bottlenecks or basic blocks."""
    fixed = {"conv1": "stem.0.0", "bn1": "stem.0.1", "fc": "head.classifier"}
    if path in fixed:
        return fixed[path]
    layer, block, rest = _groups(r"layer(\d)\.(\d+)\.(.+)", path)
    inner = {
        "conv1": "residual.0",
        "bn1": "residual.1",
        "conv2": "residual.3",
        "bn2": "residual.4",
        "conv3": "residual.6",
        "bn3": "residual.7",
        "se.fc1": "residual.8.excitation.0",
        "se.fc2": "residual.8.excitation.2",
        "downsample.0": "shortcut.0",
        "downsample.1": "shortcut.1",
    }[rest]
    return f"stages.{int(layer) - 1}.{block}.{inner}"


def preact_resnet(path: str, _: StagesArchitecture) -> str:
    fixed = {"stem.conv": "stem.0.0", "norm": "head.activate.0", "head.fc": "head.classifier"}
    if path in fixed:
        return fixed[path]
    stage, block, rest = _groups(r"stages\.(\d)\.blocks\.(\d+)\.(.+)", path)
    inner = {
        "norm1": "activate.0",
        "conv1": "residual.0",
        "norm2": "residual.1",
        "conv2": "residual.3",
        "norm3": "residual.4",
        "conv3": "residual.6",
        "downsample.conv": "projection",
    }[rest]
    return f"stages.{stage}.{block}.{inner}"


def densenet(path: str, architecture: StagesArchitecture) -> str:
    fixed = {
        "features.conv0": "stem.0.0",
        "features.norm0": "stem.0.1",
        "features.norm5": "head.activate.0",
        "classifier": "head.classifier",
    }
    if path in fixed:
        return fixed[path]
    if "transition" in path:
        number, kind = _groups(r"features\.transition(\d)\.(norm|conv)", path)
        stage = architecture.stages[int(number) - 1]
        place = stage.depth + (stage.stride - 1)  # behind the layers and the pooling before them
        return f"stages.{int(number) - 1}.{place}.{ {'norm': 0, 'conv': 2}[kind] }"
    number, layer, kind = _groups(r"features\.denseblock(\d)\.denselayer(\d+)\.(\w+)", path)
    place = int(layer) - 1 + architecture.stages[int(number) - 1].stride - 1
    inner = {"norm1": 0, "conv1": 2, "norm2": 3, "conv2": 5}[kind]
    return f"stages.{int(number) - 1}.{place}.layer.{inner}"


def mobilenet_v1(path: str, _: StagesArchitecture) -> str:
    fixed = {"conv_stem": "stem.0.0", "bn1": "stem.0.1", "classifier": "head.classifier"}
    if path in fixed:
        return fixed[path]
    stage, block, kind = _groups(r"blocks\.(\d)\.(\d)\.(\w+)", path)
    inner = {"conv_dw": 0, "bn1": 1, "conv_pw": 3, "bn2": 4}[kind]
    return f"stages.{stage}.{block}.{inner}"


def mobilenet_v2(path: str, architecture: StagesArchitecture) -> str:
    if path == "classifier.1":
        return "head.classifier"
    index, rest = _groups(r"features\.(\d+)\.(.+)", path)
    positions = _positions(architecture)
    if int(index) == 0:
        return f"stem.0.{rest}"
    if int(index) > len(positions):
        return f"head.features.{rest}"
    stage, block = positions[int(index) - 1]
    expanded = {"conv.0.0": 0, "conv.0.1": 1, "conv.1.0": 3, "conv.1.1": 4, "conv.2": 6}
    inner = (
        {**expanded, "conv.3": 7}
        if _mbconv(architecture, stage).expansion != 1
        else {"conv.0.0": 0, "conv.0.1": 1, "conv.1": 3, "conv.2": 4}
    )[rest]
    return f"stages.{stage}.{block}.residual.{inner}"


def mobilenet_v3(path: str, architecture: StagesArchitecture) -> str:
    fixed = {"classifier.0": "head.hidden.0", "classifier.3": "head.classifier"}
    if path in fixed:
        return fixed[path]
    index, rest = _groups(r"features\.(\d+)\.(.+)", path)
    positions = _positions(architecture)
    if int(index) == 0:
        return f"stem.0.{rest}"
    if int(index) > len(positions):
        return f"head.features.{rest}"
    stage, block = positions[int(index) - 1]
    return f"stages.{stage}.{block}.{_within_mbconv(rest, _mbconv(architecture, stage))}"


def efficientnet(path: str, architecture: StagesArchitecture) -> str:
    if path == "classifier.1":
        return "head.classifier"
    index, rest = _groups(r"features\.(\d)\.(.+)", path)
    if int(index) == 0:
        return f"stem.0.{rest}"
    stage = int(index) - 1
    if stage == len(architecture.stages):
        return f"head.features.{rest}"
    block, _, rest = rest.partition(".")
    return f"stages.{stage}.{block}.{_within_mbconv(rest, _mbconv(architecture, stage))}"


def _mbconv(architecture: StagesArchitecture, stage: int) -> MBConv:
    block = architecture.stages[stage].block
    assert isinstance(block, MBConv)
    return block


def _within_mbconv(rest: str, block: MBConv) -> str:
    """Place torchvision's `block.UNIT.LAYER`: units expand, filter, squeeze and project."""
    sizes: Sequence[int] = [
        *([3] if block.expansion != 1 else []),
        3,
        *([1] * (block.se != "none")),
    ]
    unit, layer = _groups(r"block\.(\d)\.(\w+)", rest)
    start = sum(sizes[: int(unit)])
    if layer in ("fc1", "fc2"):
        return f"residual.{start}.excitation.{ {'fc1': 0, 'fc2': 2}[layer] }"
    return f"residual.{start + int(layer)}"
