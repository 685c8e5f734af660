"""The published models are where the catalogue says. Asks other machines."""

import pytest
import requests

from bigart_lib.weights.catalogue import CATALOGUE

pytestmark = pytest.mark.network


def test_the_first_source_of_the_smallest_file_has_a_file_of_that_size():
    smallest = min(CATALOGUE.values(), key=lambda known: known.num_bytes)
    headers = {"Accept-Encoding": "identity"}
    answer = requests.head(smallest.sources[0], headers=headers, allow_redirects=True, timeout=30)
    assert answer.status_code == 200
    assert int(answer.headers["Content-Length"]) == smallest.num_bytes
