from qftools.sandbox import Sandbox

with Sandbox() as sandbox:
    client = sandbox.client()
    first = client.pay(pay_type="800201", txamt=2500, txcurrcd="HKD")
    second = client.pay(pay_type="800201", txamt=100, txcurrcd="HKD", expired_time="5")

    sandbox.payer(first).pay()
    sandbox.clock.advance(6 * 60)

    for row in sandbox.orders():
        print(row.out_trade_no, row.txamt, row.state)
    for order in (first, second):
        print(client.query(order).transaction.respcd)
