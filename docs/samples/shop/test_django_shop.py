import django
import django_shop  # noqa: F401  # its settings; yours are in DJANGO_SETTINGS_MODULE
import pytest
from django.test import Client, SimpleTestCase

django.setup()


def buy(number, amount):
    return Client().post("/checkout", {"number": number, "amount": amount}).content.decode()


def test_the_payer_pays(qfpay_sandbox):
    assert buy("A1", 77001) == "paid"
    assert qfpay_sandbox.order("A1").state == "paid"


@pytest.mark.qfpay(fault="lost_reply", on="payment")
class CheckoutTest(SimpleTestCase):
    def test_a_lost_reply_is_no_failure(self):
        self.assertEqual(buy("A1", 77001), "paid")
        self.assertEqual(self.qfpay_sandbox.order("A1").state, "paid")
