"""Every failure that a user can cause, as one tree; the command line maps it to exit codes.

ComposeError                 one sentence: what is wrong, and what to do next
├── UsageError               the command was asked for something impossible (exit code 2)
├── InputError               this input cannot be used; the batch goes on (exit code 1)
│   ├── ImageError           a picture that cannot be opened, decoded or is too large
│   ├── MaskError            a mask that does not fit its picture or holds nothing
│   └── DataError            a data set whose files do not have the documented form
├── OutputError              something cannot be written, or stands already
└── ModelError               weights are missing, damaged or of another kind
    └── OfflineError         weights would have to be fetched while that is forbidden
"""


class ComposeError(Exception):
    """Base of all errors that a user can cause.

    The text is one sentence without a line break, fit to be shown as it is, and says what
    to do next.
    """

    exit_code = 1


class UsageError(ComposeError):
    """Raised before any work when arguments contradict each other or the files at hand."""

    exit_code = 2


class InputError(ComposeError):
    """Raised when one input cannot be used."""


class ImageError(InputError):
    """Raised when a picture cannot be opened or decoded, or has too many pixels."""


class MaskError(InputError):
    """Raised when a mask is empty, of another size than its picture, or not a mask."""


class DataError(InputError):
    """Raised when a data set's file does not have the documented form."""


class OutputError(ComposeError):
    """Raised when an output cannot be written or stands already."""


class DiskFullError(OutputError):
    """Raised when there is no more room, which the next output will not find either."""


class ModelError(ComposeError):
    """Raised when weights are missing, damaged, or belong to another network."""


class OfflineError(ModelError):
    """Raised when weights are not in the cache and fetching them is forbidden."""


class Interrupted(ComposeError):
    """Raised by long work that was asked to stop and has kept its state to go on from."""
