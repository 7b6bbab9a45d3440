"""The root of all errors of the package."""

__all__ = (
    "NotEntered",
    "RemoteBackendError",
    "text_of",
)


class RemoteBackendError(Exception):
    """The base of all errors raised on purpose; its text is a message for users."""

    warnings: tuple[str, ...] = ()
    """Earlier findings that may be the cause; they are printed before the error."""

    def __init__(
        self, text: str, *, advice: str = "", parameters: tuple[str, ...] = ()
    ) -> None:
        self.text = text
        """What is wrong, without the advice."""

        self.advice = advice
        """What to do about it, for a program that calls the library."""

        self.parameters = parameters
        """Parameters that the text names, in the spelling of the library."""

        super().__init__(f"{text}; {advice}" if advice else text)


class NotEntered(RemoteBackendError, AttributeError):
    """Something that exists within an `async with` block was used without one."""

    def __init__(self, usage: str, attempt: str) -> None:
        self.usage = usage
        self.attempt = attempt
        """What was tried: the name of an attribute, or `await`, `async for` or `with`."""

        super().__init__(
            f"{attempt} needs the object that `async with` gives", advice=f"write `{usage}`"
        )


def text_of(error: Exception) -> str:
    """Return the text of an error of ours, and only the type of an unexpected one.

    Texts of unexpected errors can hold values of the user.
    """
    return str(error) if isinstance(error, RemoteBackendError) else type(error).__name__
