import payments


def test_the_shop_never_believes_what_is_not_so(qfpay_sandbox, qfpay_situations, monkeypatch):
    monkeypatch.setattr(payments, "pause", qfpay_sandbox.clock.sleep)  # waits take no time

    believed = payments.charge("A1", qfpay_situations.txamt)

    paid = any(order.kept for order in qfpay_sandbox.orders())
    assert believed in ("paid" if paid else "not paid", "unknown")
