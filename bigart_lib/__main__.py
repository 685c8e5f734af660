"""`python -m bigart_lib`: the command line, for where the `bigart` script is not on the path."""

from bigart_lib.cli.main import main

raise SystemExit(main())
