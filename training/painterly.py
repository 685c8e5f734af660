"""Makes a photograph look painted: Kuwahara's filter, then richer colour. Knows nothing of files.

Kuwahara, Hachimura, Eiho and Kinoshita, "Processing of RI-angiocardiographic images", 1976: each pixel
takes the mean of the calmest of the four squares it is a corner of, so that edges stay and grain goes.
"""

import numpy as np

REACH = 32  # a square's side is the picture's side over this, at least 2 pixels
SATURATION = 1.25
LEVELS = 20  # tones a channel is drawn towards, half the way
OPENINGS = {  # of a photograph's caption, and of a painting's
    "a photograph of ": "a painting of ",
    "a photo of ": "a painting of ",
    "a landscape photograph of ": "a landscape painting of ",
}


def painterly(picture: np.ndarray) -> np.ndarray:
    """The picture (uint8, height x width x 3) as if laid down in touches of paint; same shape."""
    reach = max(2, min(picture.shape[:2]) // REACH)
    padded = np.pad(picture.astype(np.float32), ((reach, reach), (reach, reach), (0, 0)), mode="edge")
    means = _box_means(padded, reach + 1)
    squares = _box_means((padded**2), reach + 1)
    calm = (squares - means**2).sum(2)
    height, width = picture.shape[:2]
    corners = [(top, left) for top in (0, reach) for left in (0, reach)]
    variances = np.stack([calm[top : top + height, left : left + width] for top, left in corners])
    best = variances.argmin(0)[:, :, None]
    touches = np.zeros(picture.shape, np.float32)
    for index, (top, left) in enumerate(corners):
        touches = np.where(best == index, means[top : top + height, left : left + width], touches)
    grey = touches.mean(2, keepdims=True)
    rich = grey + SATURATION * (touches - grey)
    step = 255 / LEVELS
    return (0.5 * rich + 0.5 * step * np.round(rich / step) + 0.5).clip(0, 255).astype(np.uint8)


def called_painting(caption: str) -> str | None:
    """The caption of a photograph as that of a painting; None for what is not called a photograph."""
    for opening, instead in OPENINGS.items():
        if caption.startswith(opening):
            return instead + caption.removeprefix(opening)
    return None


def _box_means(field: np.ndarray, side: int) -> np.ndarray:
    """Means of every square of `side` pixels, named by its top left corner."""
    sums = np.pad(field.astype(np.float64), ((1, 0), (1, 0), (0, 0))).cumsum(0).cumsum(1)
    total = sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]
    return (total / side**2).astype(np.float32)
