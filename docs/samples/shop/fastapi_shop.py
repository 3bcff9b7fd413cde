from fastapi import FastAPI
from fastapi.responses import PlainTextResponse
from payments import charge

app = FastAPI()


@app.post("/checkout", response_class=PlainTextResponse)
def checkout(number: str, amount: int) -> str:
    return charge(number, amount)
