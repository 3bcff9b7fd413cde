import responses

from qftools import Client, Credentials

client = Client(Credentials("SHOP", "0123456789ABCDEF"), "http://127.0.0.1:8787")

with responses.RequestsMock() as gateway:
    gateway.post(client.base_url + "/trade/v1/query", json={"respcd": "0000", "data": []})
    print(client.query("A1").transaction, len(gateway.calls))
