import pytest
from fastapi.testclient import TestClient
from fastapi_shop import app


def buy(number, amount):
    return TestClient(app).post("/checkout", params={"number": number, "amount": amount}).text


def test_the_payer_pays(qfpay_sandbox):
    assert buy("A1", 77001) == "paid"
    assert qfpay_sandbox.order("A1").state == "paid"


@pytest.mark.qfpay(fault="lost_reply", on="payment")
def test_a_lost_reply_is_no_failure():
    assert buy("A1", 77001) == "paid"
