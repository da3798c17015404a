"""Keeps one log record in one line, whatever it is made of."""

import logging


class OneLineFormatter(logging.Formatter):
    """Writes control characters and line ends of any kind as escapes.

    axes logs the name a client tried. Without this, a name with a line break in it
    would write whole lines of the client's choosing into the log.
    """

    def format(self, record):
        return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in super().format(record))
