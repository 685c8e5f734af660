"""Files of weights: where they are, how they come here, how they are read, whether they fit a network."""

from bigart_lib.weights.files import (
    WeightsError,
    cast,
    check_fit,
    read_config,
    read_tensors,
    unwrap,
    write_network,
)

__all__ = [
    "WeightsError",
    "cast",
    "check_fit",
    "read_config",
    "read_tensors",
    "unwrap",
    "write_network",
]
