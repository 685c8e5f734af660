"""Files of weights: where they are, how they come here, how they are read, whether they fit a network."""

from bigart_lib.weights.catalogue import CATALOGUE, PUBLISHED_SET, Checkpoint, find
from bigart_lib.weights.fetching import FetchError, fetch, offline, refuse_offline
from bigart_lib.weights.files import (
    WeightsError,
    check_fit,
    read_config,
    read_onto,
    read_tensors,
    unwrap,
    write_network,
)
from bigart_lib.weights.records import (
    Record,
    Stamp,
    keep_shown,
    read_record,
    stamp,
    unshown_notes,
    write_record,
)
from bigart_lib.weights.sources import is_remote
from bigart_lib.weights.store import (
    cache_folder,
    check_original,
    check_room,
    disk_problem,
    held,
    in_words,
    is_available,
    is_ready,
    part_path,
    remove,
    verify,
)

__all__ = [
    "CATALOGUE",
    "PUBLISHED_SET",
    "Checkpoint",
    "FetchError",
    "Record",
    "Stamp",
    "WeightsError",
    "cache_folder",
    "check_fit",
    "check_original",
    "check_room",
    "disk_problem",
    "fetch",
    "find",
    "held",
    "in_words",
    "is_available",
    "is_ready",
    "is_remote",
    "keep_shown",
    "offline",
    "part_path",
    "read_config",
    "read_onto",
    "read_record",
    "read_tensors",
    "refuse_offline",
    "remove",
    "stamp",
    "unshown_notes",
    "unwrap",
    "verify",
    "write_network",
    "write_record",
]
