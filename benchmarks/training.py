"""How fast candidates train: against loops written by hand, and what each acceleration brings.

    python benchmarks/training.py [--quick] [--threads 1] [--cpu-time]
        [--only pipeline|steps|machine]

Variants that are compared take turns, epoch by epoch, and medians are printed, so that whatever
else the machine does meets all of them alike. `--cpu-time` counts the processor's seconds, those
of a DataLoader's workers among them, instead of the clock's: the fair measure where the processor
is full of trials, or of something else.

pipeline: images/s of the service's training, of (a) a DataLoader over tensors whose batches are
    augmented by the same functions, and of (b) torchvision's transforms image by image in a
    DataLoader's workers; and the share of the time that the network's own forward, backward and
    optimiser step take, against the same steps on batches made beforehand.
steps: seconds an epoch of digits with each acceleration alone taken away or added, in CPU time,
    and torch.compile with its compile time.
machine: candidates trained per hour on the whole machine, by loop (a) with all threads on one
    candidate after the other, and by the service with threads per candidate or candidates at once,
    and the mean accuracy of each.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import psutil
import torch
from plain_loops import PlainTraining, image_batches, tensor_batches
from training_machine import machine

from nas.datasets import Split, find_or_raise_dataset
from nas.recipe import Augmentation, AugmentationPolicy, Recipe
from search_spaces import Architecture, InputShape, parse_architecture
from search_spaces.analysis import analyze
from workers.training.acceleration import Acceleration
from workers.training.candidate import CandidateTraining
from workers.training.data import DeviceImages

SHAPES: tuple[InputShape, ...] = ((1, 8, 8), (1, 28, 28), (3, 32, 32))
SIZES = {"10 k": 1e4, "100 k": 1e5, "1 M": 1e6}
CLASSES = 10


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer images, sizes and rounds")
    parser.add_argument("--threads", type=int, default=1, help="of the pipeline and the steps")
    parser.add_argument("--cpu-time", action="store_true", help="of the pipeline, see above")
    parser.add_argument("--only", choices=("pipeline", "steps", "machine"))
    options = parser.parse_args()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)  # for the loops written by hand as for ours
    print(
        f"{device}, {os.cpu_count()} cores, {options.threads} thread(s), torch {torch.__version__}"
    )
    clock = cpu_seconds if options.cpu_time else time.perf_counter
    parts = {"pipeline": partial(pipeline, clock=clock), "steps": steps, "machine": machine}
    for name, part in parts.items():
        if options.only in (None, name):
            print(f"\n== {name}")
            part(device, quick=options.quick)


def candidate(target: float, shape: InputShape) -> tuple[Architecture, int]:
    """Return a small residual network of about `target` parameters, and its number of them.

    Its width is what varies: one convolution and two residual stages, so that the smallest one
    has few kernels to start and shows what surrounds them.
    """
    found = []
    for width in range(2, 96, 2):
        stages = [
            {"block": {"family": "conv", "width": width}, "depth": 1, "stride": 1},
            {"block": {"family": "basic", "width": 2 * width}, "depth": 1, "stride": 2},
            {"block": {"family": "basic", "width": 4 * width}, "depth": 1, "stride": 2},
        ]
        written = {"space": "stages", "stem": {"width": width}, "stages": stages}
        architecture = parse_architecture(written)
        params = analyze(architecture, shape, CLASSES).params
        found.append((abs(float(np.log(params / target))), params, architecture))
        if params > target:
            break
    _, params, architecture = min(found, key=lambda each: each[0])
    return architecture, params


def random_split(count: int, shape: InputShape) -> Split:
    """Make images of noise; colour ones keep their class when mirrored."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (count, *shape), dtype=np.uint8)
    return Split(images, rng.integers(0, CLASSES, count), mirrors=shape[0] == 3)


def in_turn(
    variants: Mapping[str, Callable[[], object]],
    rounds: int,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, float]:
    """Run the variants in turn, once unmeasured, and return each one's median seconds."""
    seconds: dict[str, list[float]] = {name: [] for name in variants}
    for number in range(rounds + 1):
        names = list(variants)
        shift = number % len(names)  # so that none always runs first
        for name in names[shift:] + names[:shift]:
            started = clock()
            variants[name]()
            if number:
                seconds[name].append(clock() - started)
    return {name: statistics.median(each) for name, each in seconds.items()}


def cpu_seconds() -> float:
    """Return the processor time of this process and of its living children."""
    processes = [psutil.Process(), *psutil.Process().children(recursive=True)]
    return sum(p.cpu_times().user + p.cpu_times().system for p in processes)


def pipeline(device: torch.device, *, quick: bool, clock: Callable[[], float]) -> None:
    """Print images/s of the three loops, and the network's own share."""
    rounds = 2 if quick else 7
    print(
        "augmentation    input    parameters  images/s      (a)      (b)    /(a)   /(b)  own share"
    )
    policies = [AugmentationPolicy.NONE, AugmentationPolicy.TRIVIALAUGMENT]
    for policy in policies:
        sizes = list(SIZES) if policy is AugmentationPolicy.NONE else ["10 k"]
        for shape in SHAPES:
            for size in sizes[:2] if quick else sizes:
                pixels = shape[1] * shape[2]
                count = 2048 if pixels == 64 else 256
                _compare(
                    policy, shape, SIZES[size], count * (1 if quick else 2), rounds, device, clock
                )


def _compare(
    policy: AugmentationPolicy,
    shape: InputShape,
    target: float,
    count: int,
    rounds: int,
    device: torch.device,
    clock: Callable[[], float],
) -> None:
    split = random_split(count, shape)
    architecture, params = candidate(target, shape)
    recipe = Recipe(augmentation=Augmentation(max_shift=shape[1] // 8, policy=policy))
    epochs = 2 * rounds + 4
    images = DeviceImages(split, device)
    ours, steps_alone = (
        CandidateTraining(
            architecture,
            shape,
            CLASSES,
            images=images,
            recipe=recipe,
            epochs=epochs,
            seed=0,
            device=device,
        )
        for _ in range(2)
    )
    plain = {
        name: PlainTraining(
            architecture,
            shape,
            CLASSES,
            train=split,
            batches=batches,
            recipe=recipe,
            epochs=epochs,
            device=device,
        )
        for name, batches in (
            ("a", tensor_batches(split, recipe)),
            ("b", image_batches(split, recipe, os.cpu_count() or 1)),
        )
    }
    generator = torch.Generator(device).manual_seed(0)
    prepared = list(images.training_batches(recipe.batch_size, recipe.augmentation, generator))

    def own_steps() -> None:
        steps_alone.model.train()
        for number, (batch, labels) in enumerate(prepared):
            steps_alone.train_step(batch, labels, number)
        if device.type == "cuda":
            torch.cuda.synchronize()

    seconds = in_turn(
        {
            "ours": ours.run_epoch,
            "a": plain["a"].run_epoch,
            "b": plain["b"].run_epoch,
            "own": own_steps,
        },
        rounds,
        clock,
    )
    a, b = seconds["a"] / seconds["ours"], seconds["b"] / seconds["ours"]
    print(
        f"{policy:14} {'x'.join(map(str, shape)):>8} {params:11,d} "
        f"{count / seconds['ours']:9.0f} {count / seconds['a']:8.0f} {count / seconds['b']:8.0f} "
        f"{a:6.2f}x {b:5.2f}x {seconds['own'] / seconds['ours']:9.1%}",
        flush=True,
    )


def steps(device: torch.device, *, quick: bool) -> None:
    """Print what each acceleration brings to the network's own part, on digits."""
    data = find_or_raise_dataset("digits").load()
    images = DeviceImages(data.train, device)
    clock = time.process_time if device.type == "cpu" else time.perf_counter
    variants = {
        "as the service trains": Acceleration(),
        "without channels_last": Acceleration(channels_last=False),
        "without fused optimiser": Acceleration(fused_optimizer=False),
        "with bfloat16": Acceleration(autocast=frozenset({"cpu", "cuda"})),
    }
    for size, target in list(SIZES.items())[: 1 if quick else 3]:
        architecture, params = candidate(target, (1, 8, 8))

        def training(
            acceleration: Acceleration, architecture: Architecture = architecture
        ) -> CandidateTraining:
            return CandidateTraining(
                architecture,
                (1, 8, 8),
                CLASSES,
                images=images,
                recipe=Recipe(),
                epochs=30,
                seed=0,
                device=device,
                acceleration=acceleration,
            )

        seconds = in_turn(
            {name: training(each).run_epoch for name, each in variants.items()},
            2 if quick else 7,
            clock,
        )
        usual = seconds["as the service trains"]
        print(f"{size}: {params:,d} parameters")
        for name, each in seconds.items():
            print(f"  {name:28} {each:7.3f} s an epoch, {each / usual:5.2f} times the usual")
        _print_compiled(training(Acceleration(compiled=True)), usual, clock)


def _print_compiled(training: CandidateTraining, usual: float, clock: Callable[[], float]) -> None:
    started = clock()
    training.run_epoch()
    compiling = clock() - started
    each = in_turn({"compiled": training.run_epoch}, 2, clock)["compiled"]
    saved = usual - each
    pays = f"pays after {(compiling - each) / saved:.0f} epochs" if saved > 0 else "never pays"
    print(
        f"  {'with torch.compile':28} {each:7.3f} s an epoch, {each / usual:5.2f} times the usual, "
        f"after {compiling - each:.0f} s of compiling: {pays}",
        flush=True,
    )


if __name__ == "__main__":
    main()
