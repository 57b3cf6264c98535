from __future__ import annotations

import numpy as np
import pytest

from nas.datasets.tones import LOG_MEL, RATE_HERTZ, SAMPLES, TIMBRES, Tones, note, placed


@pytest.fixture(scope="module")
def data():
    return Tones().load()


MIRRORED = ("rising", "falling")
"""Either is the other backwards in time, which an average over time cannot tell."""


def pooled(timbre: str, start: int) -> np.ndarray:
    """Spectrogram of a note, averaged over time, `(mels,)`."""
    return LOG_MEL(placed(note(timbre, 330.0, 0.5), start)[None])[0, 0].mean(axis=1)


def test_loading_again_gives_the_same_notes(data):
    assert Tones().load().fingerprint == data.fingerprint


def test_no_note_is_in_two_splits_and_classes_are_even(data):
    splits = (data.train, data.validation, data.test)
    images = {image.tobytes() for split in splits for image in split.images}
    assert len(images) == 2400
    for split in splits:
        assert len(set(np.bincount(split.labels, minlength=len(TIMBRES)))) == 1


def test_notes_stand_anywhere_in_time(data):
    loudest = data.train.images[:, 0].max(axis=1).argmax(axis=1)
    assert (np.bincount(loudest, minlength=32)[1:25] > 0).all()


@pytest.mark.parametrize("timbre", TIMBRES)
def test_pooled_over_time_a_note_does_not_show_where_it_stood(timbre):
    steps = [pooled(timbre, start) for start in (1024, 1024 + 256, 1024 + 10 * 256)]
    assert all((step == steps[0]).all() for step in steps)
    between = pooled(timbre, 1024 + 100)
    assert np.abs(between - steps[0]).max() < 6
    alike = {timbre, *MIRRORED} if timbre in MIRRORED else {timbre}
    others = [pooled(other, 1024) for other in TIMBRES if other not in alike]
    assert min(np.abs(other - steps[0]).max() for other in others) > 10


@pytest.mark.parametrize("timbre", TIMBRES)
def test_note_is_of_full_scale_and_begins_and_ends_in_silence(timbre):
    sound = note(timbre, 500.0, 0.4)
    assert len(sound) == int(0.4 * RATE_HERTZ) < SAMPLES
    assert np.abs(sound).max() == pytest.approx(1)
    assert sound[0] == sound[-1] == 0


def test_harmonics_beyond_the_sampling_rate_are_left_out():
    spectrum = np.abs(np.fft.rfft(note("saw", 800.0, 0.5)))
    peaks = np.flatnonzero(spectrum > 0.05 * spectrum.max())
    hertz = peaks * 2.0  # half a second
    assert np.abs(hertz - np.round(hertz / 800) * 800).max() < 12
    assert set(np.round(hertz / 800).astype(int)) == {1, 2, 3, 4}
