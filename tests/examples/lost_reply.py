from qftools import cancel
from qftools.sandbox import Sandbox

with Sandbox() as sandbox:
    client = sandbox.client()
    order = client.pay(pay_type="800101", txamt=2500, txcurrcd="HKD")
    with sandbox.fault("lost after", on="cancel", times=1):
        outcome = cancel(client, order)

for taken in outcome.steps:
    print(taken.step, taken.endpoint, taken.finding)
print(outcome.verdict)
