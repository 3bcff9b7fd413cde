"""Payments: every pay type, every rule of amount, currency, code and number."""

from __future__ import annotations

import pytest

from qftools import catalogue
from qftools.sandbox import Sandbox
from qftools.sandbox.gateway import magic
from qftools.sandbox.gateway.merchants import Merchant
from tests.sandbox.doors import GatewayDoor

WECHAT_CODE = "134676275354204254"
ALIPAY_CODE = "280438849930815813"
UNIONPAY_CODE = "6212345678901234567"
FLAT = [
    "pay_type", "sysdtm", "paydtm", "txdtm", "resperr", "respmsg", "txamt", "txcurrcd",
    "out_trade_no", "syssn", "chnlsn", "cardcd", "udid", "respcd",
]  # fmt: skip


@pytest.fixture
def quick(make_sandbox):
    """The plain object alone, where a test goes through a whole table."""
    return GatewayDoor(make_sandbox())


def pay_types(*modes: str) -> list[str]:
    return [code for code, row in catalogue.pay_types().items() if row.mode in modes]


def test_an_mpm_payment_is_placed_and_not_paid(door):
    answer = door.pay("800101")

    assert answer.respcd == "0000"
    assert list(answer.json) == [*FLAT, "qrcode"]
    assert door.look(answer)["respcd"] == "1143"
    assert door.sandbox.order("N1").paid == 0


def test_a_cpm_payment_is_paid_at_once(door):
    answer = door.pay("800208", auth_code=WECHAT_CODE)

    assert list(answer.json) == FLAT
    assert answer.json["chnlsn"].startswith("42")
    assert door.look(answer)["respcd"] == "0000"
    assert door.sandbox.order("N1").paid == 2500


def test_the_european_cluster_adds_its_fields(door):
    answer = door.pay("800101", txcurrcd="EUR")

    assert answer.json["syssn"][8:16] == "06610002"
    assert {"surcharge_fee", "surcharge_rate", "chnlsn2"} <= set(answer.json)


@pytest.mark.parametrize("code", pay_types("mpm"))
def test_every_mpm_pay_type_answers_with_a_code_to_scan(quick, code):
    answer = quick.pay(code, txamt=2500).json

    assert answer["respcd"] == "0000"
    assert answer["qrcode"].startswith("http://sandbox.localhost/payer/")


@pytest.mark.parametrize("code", pay_types("cpm"))
def test_every_cpm_pay_type_wants_a_payment_code(quick, code):
    assert quick.pay(code).respcd == "1104"
    assert quick.pay(code, auth_code=WECHAT_CODE).respcd == "0000"


@pytest.mark.parametrize("code", pay_types("wap", "web", "online"))
def test_every_web_pay_type_answers_with_a_url(quick, code):
    assert quick.pay(code).json["pay_url"]


@pytest.mark.parametrize("code", pay_types("jsapi", "mini", "app"))
def test_every_in_app_pay_type_answers_with_what_the_wallet_needs(quick, code):
    params = quick.pay(code, goods_name="tea").json["pay_params"]

    assert params.get("paySign") or params["sign"]


@pytest.mark.parametrize("code", list(catalogue.pay_types()))
def test_every_pay_type_of_the_catalogue_is_taken(quick, code):
    answer = quick.pay(code, auth_code=WECHAT_CODE)

    assert answer.respcd == "0000"
    assert quick.look(answer)["pay_type"] == code


@pytest.mark.parametrize(
    ("code", "wallet", "route"),
    [
        (WECHAT_CODE, "wechat", "reversal"),
        (ALIPAY_CODE, "alipay", "reversal"),
        (UNIONPAY_CODE, "unionpay", "close"),
    ],
)
def test_800008_recognises_the_wallet_by_the_code_and_is_cancelled_as_that_wallet(
    make_door, code, wallet, route
):
    door = make_door(password="on")
    answer = door.pay("800008", auth_code=code)

    assert door.sandbox.order("N1").wallet == wallet
    assert door.cancel(route, answer).respcd == "0000"


def test_a_payment_code_works_once(door):
    first = door.pay("800208", auth_code=WECHAT_CODE)
    second = door.pay("800208", auth_code=WECHAT_CODE)

    assert (first.respcd, second.respcd) == ("0000", "1202")
    assert second.json["syssn"]
    assert door.sandbox.order("N2").state == "failed"


@pytest.mark.parametrize("life", ["1d", "60s"])
def test_the_stale_payment_code_of_the_vendors_own_test_gets_1202(make_door, life):
    answer = make_door(authcode_life=life).pay("800208", auth_code="130132752777533864")

    assert answer.respcd == "1202"
    assert {"syssn", "out_trade_no", "txamt", "txcurrcd", "txdtm", "pay_type"} <= set(answer.json)


@pytest.mark.parametrize(("life", "later"), [("1d", 86_401), ("60s", 61)])
def test_a_payment_code_that_is_too_old_is_refused(make_door, life, later):
    door = make_door(authcode_life=life)
    fresh, old = (door.sandbox.auth_code("wechat") for _ in range(2))
    in_time = door.pay("800208", auth_code=fresh)
    door.sandbox.clock.advance(later)

    too_late = door.pay("800208", auth_code=old)

    assert (in_time.respcd, too_late.respcd) == ("0000", "1202")


@pytest.mark.parametrize("field", ["txamt", "pay_type", "out_trade_no", "txdtm"])
def test_a_missing_field_gets_1104_and_its_name(door, field):
    answer = door.pay(**{field: ""}) if field != "pay_type" else door.pay("")

    assert answer.respcd == "1104"
    assert field in answer.json["respmsg"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("txamt", "0"),
        ("txamt", "-1"),
        ("txamt", "25.00"),
        ("txamt", "1e3"),
        ("txamt", "１００"),
        ("txamt", "9" * 12),
        ("txdtm", "2026-02-30 10:00:00"),
        ("txdtm", "2026-1-5 10:00:00"),
        ("txdtm", "yesterday"),
        ("txcurrcd", "XXX"),
        ("expired_time", "4"),
        ("expired_time", "121"),
        ("expired_time", "soon"),
        ("out_trade_no", "N" * 129),
        ("out_trade_no", "a,b"),
        ("out_trade_no", "a\nb"),
    ],
)
def test_a_value_that_makes_no_sense_gets_1104(door, field, value):
    answer = door.pay(**{field: value})

    assert answer.respcd == "1104"
    assert door.sandbox.orders() == ()


@pytest.mark.parametrize("code", ["999999", "80010", "abc", "805812x"])
def test_an_unknown_pay_type_gets_filter_error(door, code):
    answer = door.pay(code)

    assert (answer.respcd, answer.json["respmsg"]) == ("1104", "filter error")


def test_a_payment_without_currency_takes_the_merchants_own(door):
    assert door.pay(txcurrcd="").json["txcurrcd"] == "HKD"


@pytest.mark.parametrize(("minutes", "alive"), [("5", 299), ("120", 7199), ("", 1799)])
def test_a_code_to_scan_lives_as_long_as_it_was_told(door, minutes, alive):
    answer = door.pay("800101", expired_time=minutes)
    door.sandbox.clock.advance(alive)
    before = door.look(answer)
    door.sandbox.clock.advance(1)
    after = door.look(answer)

    assert (before["respcd"], after["respcd"]) == ("1143", "1181")


def test_expired_time_is_ignored_where_it_is_not_honoured(door):
    answer = door.pay("805801", expired_time="5")
    door.sandbox.clock.advance(300)

    assert door.look(answer)["respcd"] == "1143"


def test_a_cpm_payer_who_never_ends_typing_fails_the_order(make_door):
    door = make_door(password="on")
    answer = door.pay("800208", auth_code=WECHAT_CODE)
    typing = door.look(answer)
    door.sandbox.clock.advance(301)

    assert (answer.respcd, typing["respcd"]) == ("1143", "1143")
    assert door.look(answer)["respcd"] == "1205"


def test_a_repeated_number_gets_1251_with_the_published_texts(door):
    door.pay(out_trade_no="SAME")

    again = door.pay(out_trade_no="SAME")

    assert again.json == {
        "resperr": "Do not use duplicate out_trade_no for request(1251)",
        "respcd": "1251",
        "respmsg": "out_trade_no is used",
    }
    assert len(door.sandbox.orders()) == 1


@pytest.mark.parametrize("code", ["1102", "2011"])
def test_another_code_for_repeated_numbers_can_be_switched_on(make_door, code):
    door = make_door(duplicate_code=code)
    door.pay(out_trade_no="SAME")

    assert door.pay(out_trade_no="SAME").respcd == code


def test_an_idempotent_gateway_gives_an_unpaid_order_its_first_result_again(make_door):
    door = make_door(duplicate_code="idempotent")

    first = door.pay(out_trade_no="SAME")
    again = door.pay(out_trade_no="SAME")
    other = door.pay(out_trade_no="SAME", txamt=1)
    door.sandbox.payer("SAME").pay()
    paid = door.pay(out_trade_no="SAME")

    assert again.json == first.json
    assert (other.respcd, paid.respcd) == ("1251", "1251")


def test_fields_of_the_mode_are_wanted_when_that_is_switched_on(make_door):
    door = make_door(strict_fields="on")

    assert door.pay("800213").json["respmsg"] == "sub_openid is missing"
    assert door.pay("800213", sub_openid="o1").respcd == "0000"


def test_magic_can_be_switched_off(make_door):
    door = make_door(magic="off")
    door.pay(txamt=77001)

    assert door.sandbox.order("N1").state == "waiting"


@pytest.mark.parametrize("number", [n for n, row in magic.table().items() if not row.refuse])
@pytest.mark.parametrize("how", ["amount", "payment code"])
def test_every_magic_value_works_as_amount_and_as_payment_code(quick, number, how):
    if how == "amount":
        quick_pay = {"txamt": number, "auth_code": WECHAT_CODE}
    else:
        quick_pay = {"txamt": 2500, "auth_code": magic.auth_code("13", number)}

    try:
        quick.pay("800208", **quick_pay)
    except Exception as lost:
        assert "lost" in str(lost)

    placed = quick.sandbox.orders()
    assert [order.wallet for order in placed] == ([] if number in (77021, 77029) else ["wechat"])


def test_fps_app_to_app_has_the_code_of_the_edition_that_is_switched_on(make_door):
    newest, earlier = make_door(), make_door(fps_app="800210")

    assert newest.pay("802010").respcd == "0000"
    assert newest.cancel("close", newest.pay("800210")).respcd == "0000"
    assert earlier.pay("802010").respcd == "1104"
    paid = earlier.pay("800210", txamt=77001)
    assert earlier.cancel("close", paid).respcd == "1297"
    assert earlier.refund(paid).respcd == "1155"


def test_payme_and_grabpay_answer_with_what_is_theirs(door):
    payme, grab = door.pay("805801").json, door.pay("804214").json

    assert payme["respmsg"] == "PR001:Request for Payment Initiated"
    assert (payme["pay_url"], "payme_logo" in payme) == ("", True)
    assert grab["web_url"] == grab["pay_url"]


def test_in_app_alipay_names_the_merchant_of_an_agent(door):
    params = door.pay("801110", mchid="nDB64h9qJ1An", txcurrcd="JPY", pay_tag="ALIPAYCN").json

    assert params["pay_params"]["secondary_merchant_id"] == "1000007081"
    assert params["pay_params"]["payment_inst"] == "ALIPAYCN"
    assert params["pay_params"]["total_fee"] == "2500"


@pytest.mark.parametrize("pay_type", ["801101", "804214"])
@pytest.mark.parametrize(("txamt", "respcd"), [(100, "1104"), (101, "0000")])
def test_alipay_web_and_wallets_of_malaysia_must_exceed_one_unit(door, pay_type, txamt, respcd):
    assert door.pay(pay_type, txamt=txamt).respcd == respcd


def test_a_wallet_takes_its_own_currencies_only_when_that_is_switched_on(make_door):
    door = make_door(wallet_currency="own")

    assert door.pay("805801", txcurrcd="EUR").respcd == "1104"
    assert door.pay("805801", txcurrcd="HKD").respcd == "0000"
    assert door.pay("800101", txcurrcd="EUR").respcd == "0000"


@pytest.mark.parametrize(
    ("region", "pay_type", "respcd"),
    [("TH", "801208", "0000"), ("TH", "801501", "1104"), ("HK", "801501", "0000")],
)
def test_an_account_is_valid_in_its_region_only(door, region, pay_type, respcd):
    door.sandbox._gateway.merchants.add(Merchant("LOCAL", "their key", region=region))
    code = {"auth_code": WECHAT_CODE} if pay_type.endswith("08") else {}

    answer = door.pay(pay_type, app_code="LOCAL", key="their key", **code)

    assert answer.respcd == respcd


@pytest.mark.parametrize("name", ["奶茶　大杯", "👨‍👩‍👧 套餐", "café\u202e"])
def test_a_goods_name_may_hold_what_people_write(name):
    with Sandbox() as sandbox:
        client = sandbox.client()

        order = client.pay(pay_type="800101", txamt=2500, txcurrcd="HKD", goods_name=name)

        assert client.query(order).transactions[0].goods_name == name
