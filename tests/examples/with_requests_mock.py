import requests_mock

from qftools import Client, Credentials, OutcomeUnknownError

client = Client(Credentials("SHOP", "0123456789ABCDEF"), "http://127.0.0.1:8787")

with requests_mock.Mocker() as gateway:
    gateway.post("/trade/v1/query", json={"respcd": "0000", "data": []})
    print(client.query("A1").transaction)

    gateway.post("/trade/v1/query", status_code=502)
    try:
        client.call("query", {"out_trade_no": "A1"})
    except OutcomeUnknownError as error:
        print(error)

print(gateway.call_count, gateway.last_request.headers["X-QF-APPCODE"])
