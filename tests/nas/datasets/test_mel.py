from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from nas.datasets.mel import (
    LogMel,
    hertz_from_mel,
    mel_corners,
    mel_filter_bank,
    mel_from_hertz,
    power_spectrogram,
)

RATE = 8000
LOG_MEL = LogMel(rate_hertz=RATE, window=512, hop=256, mels=32, low_hertz=60, high_hertz=4000)


def sine(hertz: float, amplitude: float = 1.0, samples: int = 4096) -> np.ndarray:
    times = np.arange(samples) / RATE
    return (amplitude * np.sin(2 * np.pi * hertz * times)).astype(np.float32)[None]


@pytest.mark.parametrize(
    ("hertz", "mel"), [(0, 0.0), (700, 781.173), (1000, 999.986), (4000, 2146.065), (6300, 2595.0)]
)
def test_mel_scale_is_htks(hertz, mel):
    assert mel_from_hertz(hertz) == pytest.approx(mel, abs=1e-3)
    assert hertz_from_mel(mel) == pytest.approx(hertz, abs=1e-2)


def test_corners_are_equally_spaced_in_mel():
    corners = mel_corners(10, 60, 4000)
    assert (corners[0], corners[-1]) == (pytest.approx(60), pytest.approx(4000))
    steps = np.diff(2595 * np.log10(1 + corners / 700))
    assert np.allclose(steps, steps[0])
    assert len(corners) == 12


def test_filters_are_triangles_between_their_corners():
    corners = np.array([100.0, 200.0, 400.0, 800.0])
    bank = mel_filter_bank(np.array([50.0, 100, 150, 200, 300, 400, 700, 800]), corners)
    assert bank.tolist() == [
        [0, 0, 0.5, 1, 0.5, 0, 0, 0],
        [0, 0, 0, 0, 0.5, 1, 0.25, 0],
    ]


def test_filters_sum_to_one_between_the_first_and_last_peak():
    corners = mel_corners(20, 60, 4000)
    frequencies = np.linspace(corners[1], corners[-2], 500)
    assert np.allclose(mel_filter_bank(frequencies, corners).sum(axis=0), 1)


def test_filter_that_would_see_nothing_is_refused():
    narrow = dataclasses.replace(LOG_MEL, window=256, mels=128)
    with pytest.raises(ValueError, match=r"mel filter \d+ of 128 holds no frequency"):
        narrow(sine(440))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"high_hertz": 4001}, "low_hertz 60 and high_hertz 4001: allowed: .* 4000"),
        ({"low_hertz": 4000}, "low_hertz 4000 and high_hertz 4000"),
        ({"hop": 513}, "hop 513: allowed: 1 to the window, 512"),
        ({"floor_decibels": 0}, "floor_decibels 0: allowed: below 0"),
    ],
)
def test_settings_out_of_range_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(LOG_MEL, **change)


def test_sine_of_full_scale_has_power_one_at_its_frequency():
    power = power_spectrogram(sine(1000, 0.5), 512, 256)
    assert power.shape == (1, 257, 16)
    steady = power[0, :, 2:-2]
    assert (steady.argmax(axis=0) == 64).all()  # 1000 / (8000 / 512)
    assert np.allclose(steady[64], 0.25, rtol=1e-3)


def test_power_is_that_of_the_transform_of_the_windowed_frame():
    signal = np.random.default_rng(0).standard_normal((1, 64)).astype(np.float32)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(16) / 16)
    frame = signal[0, 4:20] * window  # frame 1 is centred on samples 8 to 15
    waves = np.exp(-2j * np.pi * np.outer(np.arange(9), np.arange(16)) / 16)
    expected = (np.abs(waves @ frame) * 2 / window.sum()) ** 2
    assert np.allclose(power_spectrogram(signal, 16, 8)[0, :, 1], expected)


@pytest.mark.parametrize("band", [2, 9, 17, 30])
def test_pure_tone_lights_its_band(band):
    centre = mel_corners(32, 60, 4000)[band + 1]
    image = LOG_MEL(sine(centre))[0, 0]
    assert image.shape == (32, 16)
    assert (image[:, 2:-2].argmax(axis=0) == band).all()
    far = np.abs(np.arange(32) - band) > 2
    assert image[far, 2:-2].max() < image[band, 2:-2].min() - 60


def test_twenty_decibels_are_a_quarter_of_the_range():
    loud, soft = (LOG_MEL(sine(1000, amplitude))[0, 0] for amplitude in (0.5, 0.05))
    band = loud.mean(axis=1).argmax()
    difference = loud[band, 2:-2].astype(int) - soft[band, 2:-2]
    assert np.abs(difference - 255 * 20 / 80).max() <= 1


def test_silence_is_black_and_too_loud_is_white():
    assert (LOG_MEL(np.zeros((2, 1024), np.float32)) == 0).all()
    assert LOG_MEL(sine(1000, 10)).max() == 255


def test_image_depends_on_its_own_signal_alone():
    generator = np.random.default_rng(0)
    signals = generator.normal(0, 0.1, (300, 1024)).astype(np.float32)
    images = LOG_MEL(signals)
    assert (images.shape, images.dtype) == ((300, 1, 32, 4), np.uint8)
    assert (LOG_MEL(signals[200:201])[0] == images[200]).all()
