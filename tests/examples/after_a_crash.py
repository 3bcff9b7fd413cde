from qftools import Journal, cancel
from qftools.sandbox import Sandbox


class PowerCut:
    def asking(self, walk, action):
        if action.endpoint == "reversal":
            raise SystemExit

    def told(self, walk, taken): ...


with Sandbox() as sandbox, Journal(":memory:") as journal:  # a file in real life
    client = sandbox.client()
    order = client.pay(pay_type="800101", txamt=2500, txcurrcd="HKD")
    try:
        cancel(client, order, journal=journal, watch=PowerCut())
    except SystemExit:
        print("owed:", [entry.number for entry in journal.pending()])

    outcome = journal.resume(client, 1)
    print(outcome.verdict, "owed:", journal.pending())
