"""The figures that tests report."""


class Report:
    """The figures of one test, shown at the end of the session."""

    def __init__(self) -> None:
        self.figures: dict[str, object] = {}

    def __call__(self, **figures: object) -> None:
        self.figures.update(figures)
