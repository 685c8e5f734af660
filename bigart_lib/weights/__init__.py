"""Files of weights: where they are, how they come here, how they are read, whether they fit a network."""

from bigart_lib.weights.catalogue import CATALOGUE, PUBLISHED_SET, Checkpoint, find
from bigart_lib.weights.fetching import FetchError
from bigart_lib.weights.fitting import (
    NotFiniteError,
    build_empty,
    check_finite,
    check_levels,
    check_parts,
    check_sizes,
    check_weights,
    fill,
    from_config,
    load_network,
)
from bigart_lib.weights.imports import importing_diffusers
from bigart_lib.weights.layout import Layout
from bigart_lib.weights.lending import Lent, LentInAnyWay, Way, as_lent, once
from bigart_lib.weights.networks import Networks
from bigart_lib.weights.sets import ModelSet, Sampling
from bigart_lib.weights.store import PACKAGED, Stored, cache_folder, packaged
from bigart_lib.weights.tensors import (
    WeightsError,
    read_config,
    read_shapes,
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
    "Lent",
    "LentInAnyWay",
    "ModelSet",
    "Networks",
    "NotFiniteError",
    "Sampling",
    "Stored",
    "Way",
    "WeightsError",
    "as_lent",
    "build_empty",
    "cache_folder",
    "check_finite",
    "check_levels",
    "check_parts",
    "check_sizes",
    "check_weights",
    "fill",
    "find",
    "from_config",
    "importing_diffusers",
    "load_network",
    "once",
    "packaged",
    "read_config",
    "read_shapes",
    "read_tensors",
    "unwrap",
    "write_network",
]
