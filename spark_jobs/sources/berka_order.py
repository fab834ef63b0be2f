"""Order of the Czech bank's transactions within a day, which the set does not record but its running balances prove."""

from __future__ import annotations

from itertools import permutations

#: Groups up to this size are searched exhaustively (720 orders); the set has days of seven transactions at most.
_EXHAUSTIVE = 6
Transaction = dict[str, str]


def in_balance_order(transactions: list[Transaction], opening: int | None) -> list[Transaction]:
    """One account's transactions of one day so that each starts as near as can be to the balance the last one left.

    ``opening`` is the balance before them in hellers, None where unknown. Amounts in the set are rounded, so gaps of
    some hellers are usual and the order with the smallest sum of gaps is taken, the delivered one among equals.
    Delivered order where an amount or a balance is no number.
    """
    if len(transactions) < 2:
        return transactions
    steps = []
    for place, transaction in enumerate(transactions):
        after, amount = hellers(transaction["balance"]), hellers(transaction["amount"])
        if after is None or amount is None:
            return transactions
        before = after - amount if transaction["type"] == "PRIJEM" else after + amount
        steps.append((before, after, place))
    order = (
        min(permutations(steps), key=lambda o: _gaps(o, opening))
        if len(steps) <= _EXHAUSTIVE
        else _nearest(steps, opening)
    )
    return [transactions[place] for _, _, place in order]


def hellers(text: str) -> int | None:
    """An amount in hundredths of a koruna, None where the text is no plain decimal."""
    whole, _, fraction = text.strip().partition(".")
    digits = whole.removeprefix("-") + fraction
    if not (digits.isascii() and digits.isdigit() and len(fraction) <= 2):
        return None
    return int(whole + fraction.ljust(2, "0"))


def _gaps(order: tuple[tuple[int, int, int], ...], opening: int | None) -> int:
    gaps, balance = 0, opening
    for before, after, _ in order:
        gaps += 0 if balance is None else abs(before - balance)
        balance = after
    return gaps


def _nearest(steps: list[tuple[int, int, int]], opening: int | None) -> list[tuple[int, int, int]]:
    left, order = list(steps), []
    balance = steps[0][0] if opening is None else opening
    while left:
        step = min(left, key=lambda s: abs(s[0] - balance))
        left.remove(step)
        order.append(step)
        balance = step[1]
    return order
