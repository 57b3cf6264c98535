from __future__ import annotations

from dataclasses import replace
from itertools import islice

import pytest
import torch
from safetensors.torch import load_file

from nas.datasets import ImageData, Split
from nas.errors import TrialFailedError
from nas.evaluation import EpochReport
from nas.layout import WEIGHTS_NAME
from search_spaces import build
from search_spaces.classifier import Classifier
from tests.workers.training.factories import SMALL, digits, new_task
from workers.training.evaluator import FinalTraining, TrainingEvaluator, pick_device


@pytest.fixture(scope="module")
def few() -> ImageData:
    return digits(train=120, validation=60)


def untimed(reports: list[EpochReport]) -> list[EpochReport]:
    return [replace(report, train_seconds=0.0, validate_seconds=0.0) for report in reports]


def load_classifier(directory) -> Classifier:
    model = Classifier(build(SMALL, (1, 8, 8), 10), 1)
    model.load_state_dict(load_file(directory / WEIGHTS_NAME), strict=True)
    return model.eval()


def accuracy(model: Classifier, split: Split) -> float:
    with torch.no_grad():
        logits = model(torch.from_numpy(split.images).float() / 255)
    return float((logits.argmax(1) == torch.from_numpy(split.labels)).float().mean())


def test_reports_every_epoch_and_leaves_the_weights_of_the_last(tmp_path, few):
    reports = list(TrainingEvaluator(few).evaluate(new_task(tmp_path)))
    assert [report.epoch for report in reports] == [1, 2, 3]
    assert all(report.train_seconds > 0 and report.validate_seconds > 0 for report in reports)
    measured = accuracy(load_classifier(tmp_path), few.validation)
    assert measured == pytest.approx(reports[-1].metrics.accuracy, abs=1e-6)


def test_interrupted_evaluation_goes_on_as_if_nothing_had_happened(tmp_path, few):
    evaluator = TrainingEvaluator(few)
    expected = list(evaluator.evaluate(new_task(tmp_path / "whole")))
    first = list(islice(evaluator.evaluate(new_task(tmp_path / "cut")), 2))
    rest = list(evaluator.evaluate(new_task(tmp_path / "cut", recorded=2)))
    assert untimed(first + rest) == untimed(expected)
    whole, cut = (load_file(tmp_path / name / WEIGHTS_NAME) for name in ("whole", "cut"))
    assert whole.keys() == cut.keys()
    assert all(torch.equal(whole[name], cut[name]) for name in whole)


def test_reports_that_were_not_recorded_are_repeated(tmp_path, few):
    evaluator = TrainingEvaluator(few)
    first = list(islice(evaluator.evaluate(new_task(tmp_path)), 2))
    again = list(evaluator.evaluate(new_task(tmp_path, recorded=1)))
    assert [report.epoch for report in again] == [2, 3]
    assert again[0] == first[1]
    assert list(evaluator.evaluate(new_task(tmp_path, recorded=0)))[:2] == first


def test_evaluation_whose_checkpoint_is_lost_starts_over_with_the_same_reports(tmp_path, few):
    evaluator = TrainingEvaluator(few)
    first = list(islice(evaluator.evaluate(new_task(tmp_path)), 2))
    evaluator.release(new_task(tmp_path))
    again = list(evaluator.evaluate(new_task(tmp_path, recorded=2)))
    assert untimed(again)[:2] == untimed(first)
    assert again[-1].epoch == 3


def test_release_leaves_the_weights_alone(tmp_path, few):
    evaluator, task = TrainingEvaluator(few), new_task(tmp_path, epochs=1)
    list(evaluator.evaluate(task))
    evaluator.release(task)
    evaluator.release(task)
    assert [path.name for path in tmp_path.iterdir()] == [WEIGHTS_NAME]


def test_diverging_recipe_fails_the_trial(tmp_path, few):
    task = new_task(tmp_path, learning_rate=1e30, warmup_epochs=0.0)
    with pytest.raises(TrialFailedError, match="diverged at epoch 1"):
        list(TrainingEvaluator(few).evaluate(task))
    assert not (tmp_path / WEIGHTS_NAME).exists()


def test_winner_is_trained_on_train_and_validation_and_tested_once(tmp_path, few):
    final = FinalTraining(few)
    progress = list(final.run(new_task(tmp_path, epochs=2)))
    assert [(p.epoch, p.test is not None) for p in progress] == [(1, False), (2, False), (2, True)]
    model = load_classifier(tmp_path)
    assert accuracy(model, few.test) == pytest.approx(progress[-1].test.accuracy, abs=1e-6)
    joined = few.train.joined(few.validation).images / 255
    assert float(model.mean) == pytest.approx(joined.mean(), rel=1e-5)


def test_interrupted_final_training_goes_on_to_the_same_test(tmp_path, few):
    final = FinalTraining(few)
    expected = list(final.run(new_task(tmp_path / "whole")))
    list(islice(final.run(new_task(tmp_path / "cut")), 2))
    rest = list(final.run(new_task(tmp_path / "cut")))
    assert rest == expected[2:]
    assert list(final.run(new_task(tmp_path / "cut"))) == expected[-1:]


def test_without_a_gpu_training_runs_on_the_cpu():
    assert pick_device().type == ("cuda" if torch.cuda.is_available() else "cpu")
