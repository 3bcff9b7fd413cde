"""Why a shop has no belief that can be read."""

from __future__ import annotations

from dataclasses import dataclass

from qftools.exam.situations import say


@dataclass(frozen=True, slots=True)
class Silence:
    """How a shop ended that did not say what it believes.

    Attributes:
        lesson: ``no-answer-failed``, ``no-answer-late``, or ``no-answer`` where the last line is
            none of the three words; empty where the shop said what it believes.
        value: How it failed, after how many seconds it was killed, or the last line.
        word: A word of the exam's own table that the value is filled in to.
    """

    lesson: str = ""
    value: str = ""
    word: str = ""

    def say(self) -> str:
        """Return it as a sentence.

        Example:
            >>> from qftools.texts import choose
            >>> choose("en")
            True
            >>> Silence("no-answer-late", "60").say()
            'It was killed after 60 s (--timeout).'
            >>> Silence("no-answer-failed", "255", "status").say()
            'It ended with exit status 255.'
        """
        value = say(self.word).format(value=self.value) if self.word else self.value
        word = self.lesson if value else "no-answer-nothing"
        return say(word).format(value=value)


def of_output(said: str, status: int | None = None) -> Silence:
    """Return why output holds no belief: a status that is not 0, else its last line.

    Example:
        >>> of_output("Order PAID!\\n", 0)
        Silence(lesson='no-answer', value='Order PAID!', word='')
        >>> of_output("PHP Fatal error", 255).value, of_output("", -9).word
        ('255', 'signal')
    """
    if status:
        word = "status" if status > 0 else "signal"
        return Silence("no-answer-failed", str(abs(status)), word)
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return Silence("no-answer", lines[-1] if lines else "")
