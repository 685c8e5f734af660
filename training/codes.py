"""The codes of a VQGAN in training: by which measure the nearest is found, and where they stand.

k-means puts codes where latents are many and lets each dimension err alike. Pictures need otherwise: some
dimensions are seen more than others, a colour that a whole area gets wrong is seen most, and areas of a rare
colour are as large as others.
"""

from __future__ import annotations

import torch
from diffusers import VQModel

from bigart_lib.finish import vqgan

NUDGE = 0.05  # by which latents are moved, to see what becomes of the picture
TOGETHER_WEIGHT = 2.0  # of an error that all patches of a picture share, against one that each has for itself
UNSEEN = 1e-4  # of what is seen most: no error counts less
CELL = 0.25  # side of the cells of latents that count as alike
RARITY = 0.5  # 0: latents are drawn as often as there are such; 1: each cell is drawn as often as others
ROUNDS = 4  # of k-means
DRAWN = 8  # latents a code, at most, that it is placed by


@torch.no_grad()
def visibility(network: VQModel, pictures: torch.Tensor) -> torch.Tensor:
    """What errors of the latents, (C, C), are seen as: squared errors of a decoded patch, for unit errors.

    `pictures` (N, 3, H, W) in [-1, 1], float32, are some usual ones.
    """
    latents = vqgan.encode(network, pictures)
    before = vqgan.decode(network, latents)
    noise = torch.randn_like(latents[:, :1])
    apart, together = [], []
    for change in NUDGE * torch.eye(latents.shape[1], device=latents.device)[:, :, None, None]:
        apart.append((vqgan.decode(network, latents + noise * change) - before).flatten() / NUDGE)
        together.append((vqgan.decode(network, latents + change) - before).mean((0, 2, 3)) / NUDGE)
    pixels = vqgan.downsampling(network) ** 2
    own, shared = torch.stack(apart).double(), torch.stack(together).double()
    return own @ own.T / noise.numel() + TOGETHER_WEIGHT * pixels * shared @ shared.T


@torch.no_grad()
def weigh_latents(network: VQModel, pictures: torch.Tensor) -> None:
    """Turn and stretch the latents until distances between them are what is seen of them in pictures.

    Encoder and decoder together stay what they were: what the last layer of the one does, the first of the
    other undoes.
    """
    values, vectors = torch.linalg.eigh(visibility(network, pictures))
    root = (vectors * values.clamp(min=UNSEEN * values.max()).sqrt()) @ vectors.T
    last, first = network.quant_conv, network.post_quant_conv
    last.weight.copy_((root @ last.weight.flatten(1).double()).view_as(last.weight))
    last.bias.copy_(root @ last.bias.double())
    first.weight.copy_((first.weight.flatten(1).double() @ torch.linalg.inv(root)).view_as(first.weight))


@torch.no_grad()
def place_codes(network: VQModel, latents: torch.Tensor) -> None:
    """Place the codes amid latents (N, C, h, w) of many pictures by k-means, rare ones among them too."""
    codes = network.quantize.embedding.weight
    vectors = latents.permute(0, 2, 3, 1).flatten(0, 2)
    cells = (vectors / CELL).round().int()
    _, cell, counts = torch.unique(cells, dim=0, return_inverse=True, return_counts=True)
    drawn = torch.multinomial(
        counts[cell].double() ** -RARITY, min(len(vectors), DRAWN * len(codes)), replacement=False
    )
    vectors = vectors[drawn]
    codes.copy_(vectors[torch.arange(len(codes)) % len(vectors)])
    codes.add_(1e-3 * torch.randn_like(codes))
    for _ in range(ROUNDS):
        indices = vqgan.quantise(network, vectors.T[None, :, :, None])[1].flatten()
        counts = torch.bincount(indices, minlength=len(codes))[:, None]
        sums = torch.zeros_like(codes).index_add_(0, indices, vectors)
        codes.copy_(torch.where(counts > 0, sums / counts, codes))
