import pytest
from exam_shop import receiver, sell


@pytest.mark.qfpay_exam(level="basics")
def test_the_shop_knows_what_became_of_each_sale(qfpay_exam):
    qfpay_exam(sell, receiver)
