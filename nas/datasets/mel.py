"""Sound as images: log-mel spectrograms, with numpy alone.

The mel scale is HTK's, mel(f) = 2595 log10(1 + f / 700) (O'Shaughnessy: Speech Communication,
Addison-Wesley 1987; Young et al.: The HTK Book, section 5.4, equation 5.13), not Slaney's. The
filters are triangles whose corners are equally spaced in mel, linear in hertz, of height 1 (Davis &
Mermelstein: Comparison of Parametric Representations for Monosyllabic Word Recognition, IEEE ASSP
28(4), 1980, figure 1, https://doi.org/10.1109/TASSP.1980.1163420).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
_SIGNALS_AT_ONCE = 128


def mel_from_hertz(hertz: Doubles | float) -> Doubles:
    """Return the pitch in mel by HTK's formula."""
    return np.asarray(2595 * np.log10(1 + np.asarray(hertz) / 700))


def hertz_from_mel(mel: Doubles | float) -> Doubles:
    """Return the frequency of a pitch, the inverse of `mel_from_hertz`."""
    return np.asarray(700 * (10 ** (np.asarray(mel) / 2595) - 1))


def mel_corners(mels: int, low_hertz: float, high_hertz: float) -> Doubles:
    """Return `(mels + 2,)` frequencies: filter i rises from corner i to i + 1, falls to i + 2."""
    low, high = mel_from_hertz(low_hertz), mel_from_hertz(high_hertz)
    return hertz_from_mel(np.linspace(low, high, mels + 2))


def mel_filter_bank(frequencies: Doubles, corners: Doubles) -> Doubles:
    """Return each filter's weight at each frequency, `(mels, frequencies)`.

    Raises:
        ValueError: A filter lies between two frequencies and would never see anything.
    """
    left, centre, right = (corners[i : len(corners) - 2 + i, None] for i in range(3))
    rising = (frequencies - left) / (centre - left)
    falling = (right - frequencies) / (right - centre)
    bank = np.minimum(rising, falling).clip(0)
    empty = np.flatnonzero(bank.sum(axis=1) == 0)
    if len(empty):
        raise ValueError(
            f"mel filter {empty[0]} of {len(bank)} holds no frequency of the spectrum; "
            "use fewer filters or a longer window"
        )
    return bank


def power_spectrogram(signals: NDArray[np.float32], window: int, hop: int) -> Doubles:
    """Return the power `(N, window // 2 + 1, frames)` of signals `(N, samples)`, by Hann window.

    Frame i is centred on its own `hop` samples, with silence before and after the signal, so
    there are `samples // hop` frames. A sine of amplitude 1 has a power of 1 at its frequency.
    """
    before = (window - hop) // 2
    padded = np.pad(signals, ((0, 0), (before, window - hop - before)))
    frames = sliding_window_view(padded, window, axis=1)[:, ::hop]
    hann = np.hanning(window + 1)[:-1]  # the periodic form
    amplitudes = np.abs(np.fft.rfft(frames * hann, axis=2)) * 2 / hann.sum()
    return np.asarray((amplitudes**2).swapaxes(1, 2))


@dataclass(frozen=True, slots=True)
class LogMel:
    """Turns signals into log-mel spectrograms, images of one channel.

    Decibels from `floor_decibels` to 0, where 0 is a sine of full scale, are spread over 0..255;
    what is fainter is 0. Row 0 is the lowest filter, column 0 the first frame. An image depends on
    its own signal alone.
    """

    rate_hertz: int
    window: int
    hop: int
    mels: int
    low_hertz: float
    high_hertz: float
    floor_decibels: float = -80.0

    def __post_init__(self) -> None:
        if not 0 <= self.low_hertz < self.high_hertz <= self.rate_hertz / 2:
            raise ValueError(
                f"low_hertz {self.low_hertz:g} and high_hertz {self.high_hertz:g}: allowed: "
                f"rising, from 0 to half the sampling rate, {self.rate_hertz / 2:g}"
            )
        if not 1 <= self.hop <= self.window:
            raise ValueError(f"hop {self.hop}: allowed: 1 to the window, {self.window}")
        if not self.floor_decibels < 0:
            raise ValueError(f"floor_decibels {self.floor_decibels:g}: allowed: below 0")

    def __call__(self, signals: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Return images `(N, 1, mels, samples // hop)` of signals `(N, samples)` in -1..1."""
        frequencies = np.arange(self.window // 2 + 1, dtype=np.float64)
        frequencies *= self.rate_hertz / self.window
        corners = mel_corners(self.mels, self.low_hertz, self.high_hertz)
        bank = mel_filter_bank(frequencies, corners)
        images = [
            self._image(bank @ power_spectrogram(part, self.window, self.hop))
            for part in np.array_split(signals, max(1, -(-len(signals) // _SIGNALS_AT_ONCE)))
        ]
        return np.concatenate(images)[:, None]

    def _image(self, power: Doubles) -> NDArray[np.uint8]:
        faintest = 10 ** (self.floor_decibels / 10)
        decibels = 10 * np.log10(np.maximum(power, faintest))
        share = 1 - decibels / self.floor_decibels
        image: NDArray[np.uint8] = np.round(255 * share.clip(0, 1)).astype(np.uint8)
        return image
