"""The version, alone, so that every module can know it."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("bigart")
except PackageNotFoundError:  # run from a checkout that is not installed
    __version__ = "0+checkout"
