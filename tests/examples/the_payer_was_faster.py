from qftools import cancel
from qftools.sandbox import Sandbox

with Sandbox() as sandbox:
    client = sandbox.client()
    order = client.pay(pay_type="800101", txamt=77005, txcurrcd="HKD")
    outcome = cancel(client, order)

for taken in outcome.steps:
    print(taken.step, taken.endpoint, taken.finding, taken.answer.respcd)
print(outcome.verdict)
