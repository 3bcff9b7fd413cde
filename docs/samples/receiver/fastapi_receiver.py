from fastapi import FastAPI
from receiver import inbox

app = FastAPI()
app.add_route("/qfpay/notify", inbox.fastapi_view(), methods=["POST"])
