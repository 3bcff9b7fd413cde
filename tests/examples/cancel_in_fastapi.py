from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.testclient import TestClient

from qftools import Journal, acancel
from qftools.sandbox import Sandbox

sandbox = Sandbox()


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    # In production: AsyncClient(Credentials.from_environment(), "https://..."), Journal("shop.db")
    async with sandbox.async_client() as client:
        with Journal(":memory:") as journal:
            app.state.client, app.state.journal = client, journal
            for entry in journal.pending(client):  # what the last process left
                await journal.aresume(client, entry.number)
            yield


app = FastAPI(lifespan=lifespan)


@app.post("/checkout/{number}")
async def checkout(number: str) -> dict[str, str | None]:
    order = await app.state.client.pay(
        pay_type="800101", txamt=2500, txcurrcd="HKD", out_trade_no=number
    )
    return {"qrcode": order.reply.body.get("qrcode")}


@app.post("/cancel/{number}")
async def cancel(number: str) -> dict[str, str]:
    outcome = await acancel(app.state.client, number, journal=app.state.journal)
    return {"verdict": outcome.verdict, "advice": outcome.advice("en")}


with TestClient(app) as browser:
    print(browser.post("/checkout/A1").status_code)
    print(browser.post("/cancel/A1").json())
    browser.post("/checkout/A2")
    sandbox.payer("A2").pay()
    print(browser.post("/cancel/A2").json())
