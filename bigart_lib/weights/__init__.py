"""Files of weights: where they are, how they come here, how they are read, whether they fit a network."""

from bigart_lib.weights.catalogue import CATALOGUE, PUBLISHED_SET, Checkpoint, find
from bigart_lib.weights.fetching import FetchError
from bigart_lib.weights.layout import Layout
from bigart_lib.weights.networks import Networks
from bigart_lib.weights.sets import ModelSet, Sampling
from bigart_lib.weights.store import PACKAGED, Stored, cache_folder, packaged
from bigart_lib.weights.tensors import (
    WeightsError,
    build_empty,
    fill,
    load_network,
    read_config,
    read_tensors,
    unwrap,
    write_network,
)

__all__ = [
    "CATALOGUE",
    "PACKAGED",
    "PUBLISHED_SET",
    "Checkpoint",
    "FetchError",
    "Layout",
    "ModelSet",
    "Networks",
    "Sampling",
    "Stored",
    "WeightsError",
    "build_empty",
    "cache_folder",
    "fill",
    "find",
    "load_network",
    "packaged",
    "read_config",
    "read_tensors",
    "unwrap",
    "write_network",
]
