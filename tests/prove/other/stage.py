"""Where a schedule for the second gateway is played: a client, its order, a payer, deaths."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace

from qftools.cancellation.outcome import Taken
from qftools.cancellation.walk import Ask, Walk
from qftools.client.client import Client
from qftools.models import Credentials, Order
from tests.prove.lives import Died
from tests.prove.other.breaks import Wire
from tests.prove.other.dialect import Dialect
from tests.prove.other.gateway import Clock, Gateway, Is, Payment, Row, beijing
from tests.prove.other.schedule import Act, Plan
from tests.prove.other.speaker import Speaker
from tests.prove.other.transport import Adapter, served

APP_CODE = "3F504C39125E4886AB4741A1B2C3D4E5"
KEY = "5744993FBC034DBBB995FAD0C1B2E3F4"
MCHID = "MNxMp11FV35qQN"
NUMBER = "SAME-NUMBER_1"


class Stage:
    """Plays a schedule while a cancel runs. It is a watcher of that cancel, too."""

    def __init__(self, plan: Plan, kind: type[Client] = Client) -> None:
        self.plan = plan
        self.clock = Clock(plan.made)
        self.gateway = self._books()
        self._make_payments()
        self._mine = self._known()
        self.speaker = self._speaks()
        self._exit = ExitStack()
        self.client = self._client(kind)
        self.order = self._order()
        self.moments = 0
        self.deaths = 0
        self.mortal = True
        self.requests = 0
        self.broken_promises: list[str] = []

    def close(self) -> None:
        """Let go of the socket, where there is one."""
        self.client.close_connections()
        self._exit.close()

    def _books(self) -> Gateway:
        return Gateway(self.plan.rules, self.clock)

    def _speaks(self) -> Speaker:
        return Speaker(self.plan, self.gateway, KEY, self._mine)

    # ---- what is so before the cancel begins ---------------------------------------------------

    def _make_payments(self) -> None:
        plan = self.plan
        for number, old in enumerate(plan.old):
            amount = plan.txamt + 100 if old.other_amount else plan.txamt
            payment = self._payment(plan.made - old.seconds_before - number, amount)
            _bring(self.gateway, payment, old.state)
        if plan.arrives is not None:
            newest = self._payment(plan.made, plan.txamt)
            newest.hidden_until = plan.made + plan.arrives
        for number in range(plan.rules.unfiltered):
            self.gateway.others.append(self._others_row(number))
        self.clock.sleep(plan.age)

    def _payment(self, made: float, txamt: int) -> Payment:
        plan = self.plan
        day = beijing(made)[:10].replace("-", "")
        return self.gateway.place(
            Payment(
                NUMBER,
                f"{day}{self.gateway.number()[8:]}",
                plan.pay_type,
                txamt,
                plan.txcurrcd,
                beijing(made + plan.txdtm_skew),
                made,
                expires=plan.made + 1800,
                mchid=MCHID if plan.agent else None,
            )
        )

    def _others_row(self, number: int) -> Row:
        state = (Is.PAID, Is.CLOSED, Is.WAIT, Is.FAILED)[number % 4]
        made = self.plan.made - number
        return Row(
            "payment",
            self.gateway.number(),
            f"OTHER{number}",
            "",
            self.plan.pay_type,
            self.plan.txamt,
            self.plan.txcurrcd,
            beijing(made),
            made,
            state,
        )

    def _known(self) -> dict[str, str]:
        """What the caller tells of the order, right or wrong."""
        plan = self.plan
        newest = self.gateway.payments[-1] if self.gateway.payments else None
        told = {
            "out_trade_no": NUMBER,
            "txamt": str(plan.txamt),
            "txdtm": beijing(plan.made + plan.txdtm_skew),
            "pay_type": plan.pay_type,
            "txcurrcd": plan.txcurrcd,
            "syssn": newest.syssn if newest else "20260105154100020000000001",
        }
        told = {name: value for name, value in told.items() if name in plan.knows}
        wrong = {
            "txamt": str(plan.txamt + 7),
            "txcurrcd": "JPY",
            "syssn": "20260105154100020000000002",
        }
        if plan.wrong in told:
            told[plan.wrong] = wrong[plan.wrong]
        return told | ({"mchid": MCHID} if plan.agent else {})

    def _order(self) -> Order:
        told = dict(self._mine)
        if "mchid" not in self.plan.knows:  # then the credentials alone name the merchant
            told.pop("mchid", None)
        amount = told.pop("txamt", None)
        number = told.pop("out_trade_no", None)
        return Order(number, int(amount) if amount else None, **told)  # type: ignore[arg-type]

    def _client(self, kind: type[Client]) -> Client:
        plan = self.plan
        me = Credentials(
            APP_CODE,
            KEY,
            mchid=MCHID if plan.agent else None,
            algorithm=plan.algorithm,  # type: ignore[arg-type]
        )
        clock, pause = self.clock.now, self.clock.sleep
        if plan.over == "socket":
            url = self._exit.enter_context(served(self.handle))
            return kind(me, url, clock=clock, pause=pause, timeout=(1.0, 0.3))
        adapter = Adapter(self.handle, self.clock)
        return kind(me, "http://other.localhost", clock=clock, pause=pause, adapter=adapter)

    # ---- what happens meanwhile ----------------------------------------------------------------

    def asking(self, walk: Walk, action: Ask) -> None:
        """What is asked is on disk; the process may die before the request leaves."""
        self._moment()

    def told(self, walk: Walk, taken: Taken) -> None:
        """What came back is on disk; the process may die."""
        for last in self.speaker.life[-1:]:
            if self.speaker.signs and last.clear and last.endpoint == "query":
                self.speaker.trusted = True
        self._moment()

    def rest(self) -> None:
        """The process is dead for a while; what it had seen in memory is gone."""
        self.speaker.life.clear()
        self.clock.sleep(self.plan.seconds_dead)

    def calm(self) -> None:
        """From here on nothing goes wrong any more, and the gateway speaks plainly."""
        self.mortal = False
        speaker = self.speaker
        speaker.troubles, speaker.echo = (), None
        signs = "MD5" if speaker.signs_seen else speaker.way.signs
        speaker.way = replace(Dialect(), signs=signs)
        speaker.life.clear()

    def _moment(self) -> None:
        self.moments += 1
        if self.mortal and self.moments - 1 in self.plan.kills:
            self.deaths += 1
            raise Died

    def handle(self, path: str, headers: Mapping[str, str], form: bytes) -> Wire:
        """One request reaches the gateway, or does not."""
        self._perform(after=False)
        if self.plan.over == "process":
            self._moment()
        self._check(path.rpartition("/")[2], form.decode())
        wire = self.speaker.answer(path, headers, form)
        self._perform(after=True)
        self.requests += 1
        if self.plan.over == "process":
            self._moment()
        return wire

    def _check(self, endpoint: str, form: str) -> None:
        """What the client must never do, seen from here."""
        if endpoint in ("payment", "refund"):
            self.broken_promises.append(f"sent a {endpoint} by itself")
        if endpoint not in ("reversal", "close", "unfreeze"):
            return
        last = next((said for said in self.speaker.life[::-1] if said.endpoint == "query"), None)
        if last is None or not last.clear:
            return
        if last.shows == "paid":
            self.broken_promises.append("tried to reverse what a query showed to be paid")
        said = self.speaker.way.releasing == "0000" or any(
            said.endpoint == "unfreeze" for said in self.speaker.life
        )
        if last.shows == "held" and endpoint != "unfreeze" and said:
            self.broken_promises.append("tried to reverse what a query showed to be held")
        named = [number for number in last.alive if f"syssn={number}" in form]
        if last.rows > 1 and not named:
            self.broken_promises.append("cancelled without the number of the payment that is open")

    def _perform(self, after: bool) -> None:
        for act in self.plan.acts:
            if (act.at, act.after) == (self.requests, after):
                self._do(act)

    def _do(self, act: Act) -> None:
        if act.what in _PASSES:
            self.clock.sleep(_PASSES[act.what])
            return
        if not self.gateway.payments:
            return
        payment = self.gateway.payments[-1 if act.newest else 0]
        if act.what == "refund":
            self.gateway.refund(payment, payment.net)
        elif act.what == "refund part":
            self.gateway.refund(payment, 1)
        elif act.what == "cancel elsewhere":
            self.gateway.cancel_elsewhere(payment)
        else:
            getattr(self.gateway, act.what)(payment)


_PASSES = {"an hour passes": 3600.0, "a week passes": 604_800.0}


def _bring(gateway: Gateway, payment: Payment, state: Is) -> None:
    """Put an old payment where it stood when the newest was made."""
    if state in (Is.PAID, Is.REFUNDED):
        gateway.pay(payment)
    if state is Is.REFUNDED:
        gateway.refund(payment, payment.net)
    if state not in (Is.PAID, Is.REFUNDED, Is.WAIT):
        payment.state = state
