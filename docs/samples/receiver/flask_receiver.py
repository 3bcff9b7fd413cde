from flask import Flask
from receiver import inbox

app = Flask(__name__)
app.post("/qfpay/notify")(inbox.flask_view())
