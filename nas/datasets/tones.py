"""Synthesised notes: sound to search on without a recording, made anew from a seed at each load.

This is no real sound. Each sample is a second or so of noise in which one note of a random pitch,
length, loudness and place stands; its class is the way the note sounds. Neither pitch nor place
nor loudness tells the class.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from nas.datasets.base import Dataset, DatasetInfo, ImageData, Split
from nas.datasets.mel import Doubles, LogMel

RATE_HERTZ = 8000
SAMPLES = 8192
LOG_MEL = LogMel(rate_hertz=RATE_HERTZ, window=512, hop=256, mels=32, low_hertz=60, high_hertz=4000)

_SEED = 0
_PITCHES_HERTZ = (200.0, 800.0)
_NOTE_SECONDS = (0.35, 0.7)
_AMPLITUDES = (0.1, 0.8)
_NOISE_DECIBELS = (-30.0, -15.0)
_FADE_SECONDS = 0.02


def _harmonics(pitch: float, weights: Mapping[int, float], times: Doubles) -> Doubles:
    """Sum sines at multiples of `pitch`, leaving out those that the sampling rate cannot hold."""
    parts = [
        weight * np.sin(2 * np.pi * pitch * multiple * times)
        for multiple, weight in weights.items()
        if pitch * multiple < RATE_HERTZ / 2
    ]
    return np.asarray(np.sum(parts, axis=0))


def _gliding(pitch: Doubles) -> Doubles:
    """Return a sine whose frequency follows `pitch`, in hertz per sample."""
    return np.asarray(np.sin(2 * np.pi * np.cumsum(pitch) / RATE_HERTZ))


def _sine(pitch: float, times: Doubles) -> Doubles:
    return _harmonics(pitch, {1: 1.0}, times)


def _square(pitch: float, times: Doubles) -> Doubles:
    return _harmonics(pitch, {n: 1 / n for n in range(1, 20, 2)}, times)


def _saw(pitch: float, times: Doubles) -> Doubles:
    return _harmonics(pitch, {n: 1 / n for n in range(1, 20)}, times)


def _pluck(pitch: float, times: Doubles) -> Doubles:
    return _saw(pitch, times) * np.exp(-8 * times)


def _vibrato(pitch: float, times: Doubles) -> Doubles:
    return _gliding(pitch * (1 + 0.15 * np.sin(2 * np.pi * 6 * times)))


def _tremolo(pitch: float, times: Doubles) -> Doubles:
    return _sine(pitch, times) * (0.55 + 0.45 * np.cos(2 * np.pi * 7 * times))


def _rising(pitch: float, times: Doubles) -> Doubles:
    return _gliding(pitch * 2 ** (times / times[-1] - 0.5))


def _falling(pitch: float, times: Doubles) -> Doubles:
    return _gliding(pitch * 2 ** (0.5 - times / times[-1]))


TIMBRES: Mapping[str, Callable[[float, Doubles], Doubles]] = MappingProxyType(
    {
        "sine": _sine,
        "square": _square,
        "saw": _saw,
        "pluck": _pluck,
        "vibrato": _vibrato,
        "tremolo": _tremolo,
        "rising": _rising,
        "falling": _falling,
    }
)


def note(timbre: str, pitch: float, seconds: float) -> Doubles:
    """Return a note of amplitude 1, faded in and out so that it does not click."""
    times = np.arange(int(seconds * RATE_HERTZ)) / RATE_HERTZ
    sound = TIMBRES[timbre](pitch, times)
    fade = np.minimum(times, times[::-1]) / _FADE_SECONDS
    sound = sound * fade.clip(0, 1)
    return np.asarray(sound / np.abs(sound).max())


def placed(sound: Doubles, start: int) -> NDArray[np.float32]:
    """Return a signal `(SAMPLES,)`, silent but for the sound from sample `start` on."""
    signal = np.zeros(SAMPLES, dtype=np.float32)
    signal[start : start + len(sound)] = sound
    return signal


class Tones(Dataset):
    """2,400 notes in eight classes as 32x32 log-mel spectrograms; 600 for test and validation."""

    info = DatasetInfo(
        name="tones",
        summary="2,400 synthesised notes of 8 timbres in noise, 32x32 log-mel spectrograms",
        input_shape=(1, LOG_MEL.mels, SAMPLES // LOG_MEL.hop),
        class_names=tuple(TIMBRES),
        train_size=1200,
        validation_size=600,
        test_size=600,
        source="synthesised from a seed when loaded; no recordings",
    )

    def load(self) -> ImageData:
        """Synthesise all notes; the three splits differ in their random numbers alone."""
        sizes = (self.info.train_size, self.info.validation_size, self.info.test_size)
        seeds = np.random.SeedSequence(_SEED).spawn(len(sizes))
        train, validation, test = (
            self._synthesise(size, np.random.default_rng(seed))
            for size, seed in zip(sizes, seeds, strict=True)
        )
        return ImageData(train, validation, test)

    def _synthesise(self, count: int, generator: np.random.Generator) -> Split:
        labels = np.arange(count) % self.info.num_classes
        signals = [self._sample(self.info.class_names[label], generator) for label in labels]
        return Split(LOG_MEL(np.stack(signals)), labels.astype(np.int64))

    def _sample(self, timbre: str, generator: np.random.Generator) -> NDArray[np.float32]:
        low, high = np.log(_PITCHES_HERTZ)
        pitch = float(np.exp(generator.uniform(low, high)))
        amplitude = generator.uniform(*_AMPLITUDES)
        sound = amplitude * note(timbre, pitch, generator.uniform(*_NOTE_SECONDS))
        signal = placed(sound, int(generator.integers(SAMPLES - len(sound))))
        noise = 10 ** (generator.uniform(*_NOISE_DECIBELS) / 20) * amplitude
        return signal + noise * generator.standard_normal(SAMPLES, dtype=np.float32)
