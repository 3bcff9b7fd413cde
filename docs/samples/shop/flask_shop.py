from flask import Flask, request
from payments import charge

app = Flask(__name__)


@app.post("/checkout")
def checkout():
    return charge(request.form["number"], int(request.form["amount"]))
