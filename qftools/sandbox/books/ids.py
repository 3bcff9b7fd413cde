"""Numbers, codes and tokens that look like the real ones and follow from the seed alone.

No random generator and no state: token = hash(seed, purpose, order number). So a
restart, a snapshot or another machine makes the same ones.
"""

from __future__ import annotations

import hashlib
import string

from qftools.sandbox.books.clock import beijing

DIGITS = string.digits
UPPER_HEX = "0123456789ABCDEF"
LETTERS_AND_DIGITS = string.ascii_letters + string.digits

# Region clusters as seen in published numbers; the vendor page's own is European.
_CLUSTERS = {"EUR": "0661", "HKD": "1541", "CNY": "0001"}
_OTHER_CLUSTER = "1521"
_NODE = "0002"
_FIRST_NUMBER = 977_812  # where the vendor page's sample stands


class Ids:
    """Makes every identifier of one sandbox.

    Args:
        seed: The same seed makes the same identifiers.

    Example:
        >>> Ids(0).syssn(977813, "EUR", 1583398230.0)
        '20200305066100020000977813'
    """

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed
        self.first_number = _FIRST_NUMBER + (seed % 9_000) * 1_000_000

    def syssn(self, number: int, currency: str, now: float) -> str:
        """Return a 26-digit number: Beijing date, cluster, node, counter."""
        day = beijing(now)[:10].replace("-", "")
        return f"{day}{_CLUSTERS.get(currency, _OTHER_CLUSTER)}{_NODE}{number:010d}"

    def token(self, purpose: str, about: str, length: int, alphabet: str = DIGITS) -> str:
        """Return *length* characters of *alphabet* that follow from seed, purpose and *about*."""
        key = f"{self.seed}/{purpose}/{about}".encode()
        value = int.from_bytes(hashlib.blake2b(key, digest_size=max(16, length)).digest())
        letters = []
        for _ in range(length):
            value, index = divmod(value, len(alphabet))
            letters.append(alphabet[index])
        return "".join(letters)

    def wallet_numbers(self, wallet: str, syssn: str, at: float) -> tuple[str, str]:
        """Return the wallet's number of a payment and its name for the payer.

        They look like the wallet's own: ``chnlsn`` and ``cardcd``.
        """
        day = beijing(at)[:10].replace("-", "")
        if wallet == "wechat":
            return (
                "4200000" + self.token("chnlsn", syssn, 3) + day + self.token("serial", syssn, 10),
                "o" + self.token("cardcd", syssn, 27, LETTERS_AND_DIGITS),
            )
        if wallet == "payme":
            letters = self.token("chnlsn", syssn, 32, "0123456789abcdef")
            cuts = (letters[:8], letters[8:12], letters[12:16], letters[16:20], letters[20:])
            return "-".join(cuts), ""
        return (
            day + "22001" + self.token("chnlsn", syssn, 15),
            "2088" + self.token("cardcd", syssn, 12),
        )
