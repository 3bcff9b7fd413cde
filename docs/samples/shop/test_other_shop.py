import os
import subprocess
from pathlib import Path

SHOP = Path(__file__).parents[1] / "php" / "qfpay.php"


def test_a_shop_in_php_cancels_what_was_not_paid(qfpay_sandbox):
    account = qfpay_sandbox.credentials
    environment = {
        **os.environ,
        "QFPAY_URL": qfpay_sandbox.url,
        "QFPAY_APP_CODE": account.app_code,
        "QFPAY_CLIENT_KEY": account.client_key,
    }

    def shop(*words):
        return subprocess.check_output(["php", SHOP, *words], env=environment, text=True)

    shop("payment", "800101", "2500", "HKD", "A1", "2026-01-05 10:00:00")
    said = shop("cancel", "A1", "2500", "2026-01-05 10:00:00", "reversal")

    assert said.strip() == "CANCELLED"
    assert qfpay_sandbox.order("A1").state == "cancelled"
