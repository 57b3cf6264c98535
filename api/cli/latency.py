"""`nas latency`: how long a network's inference takes on this machine."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from api.cli.architecture import ArchitectureArgument, ClassesOption, InputOption, read_network
from api.cli.context import JsonOption
from api.cli.output import console, print_json
from nas.errors import InvalidInputError
from nas.latency import LatencyMethod, LatencyOptions


def latency(
    architecture: ArchitectureArgument,
    input_shape: InputOption = None,
    classes: ClassesOption = None,
    batch_size: Annotated[int, typer.Option(min=1, max=65_536, help="Images at once.")] = 1,
    device: Annotated[
        str | None, typer.Option(help="cpu or cuda; default: the GPU if there is one.")
    ] = None,
    threads: Annotated[int, typer.Option(min=1, max=1024, help="Threads on the CPU.")] = 1,
    as_json: JsonOption = False,
) -> None:
    """Measure a network's latency: warm-up, then the median of repeated runs, in float32."""
    network = read_network(architecture, input_shape, classes)
    if device not in (None, "cpu", "cuda"):
        raise InvalidInputError(f"--device: got {device!r}, allowed: cpu or cuda")
    from workers.latency.probe import LocalProbe  # with torch, which bad input does without

    options = LatencyOptions(batch_size=batch_size, threads=threads, method=LatencyMethod.MEASURED)
    probe = LocalProbe(network.input_shape, network.num_classes, options, device)
    timing = probe.measure(network.architecture)
    result: dict[str, Any] = {
        "name": network.name,
        "input": list(network.input_shape),
        "latency_ms": timing.median_ms,
        "lower_quartile_ms": timing.lower_quartile_ms,
        "upper_quartile_ms": timing.upper_quartile_ms,
        "repeats": timing.repeats,
        "conditions": probe.conditions().as_json(),
    }
    if as_json:
        print_json(result)
        return
    found = probe.conditions()
    console.print(
        f"{network.name}: {timing.median_ms:.3f} ms, quartiles {timing.lower_quartile_ms:.3f} to "
        f"{timing.upper_quartile_ms:.3f}, median of {timing.repeats}",
        f"batch size {found.batch_size}, {found.dtype}, {found.threads} threads on "
        f"{found.device} {found.device_name}",
        sep="\n",
        highlight=False,
        soft_wrap=True,
    )
