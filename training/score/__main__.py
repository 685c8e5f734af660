"""Run the scores: `python -m training.score`."""

from training.score.command import main

if __name__ == "__main__":
    main()
