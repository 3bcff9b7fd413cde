from opentelemetry import trace
from opentelemetry.instrumentation.requests import RequestsInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from qftools import cancel
from qftools.sandbox import Sandbox

spans = InMemorySpanExporter()  # yours sends them to a collector
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(spans))
trace.set_tracer_provider(provider)
RequestsInstrumentor().instrument()

with Sandbox() as sandbox:
    client = sandbox.client()
    order = client.pay(pay_type="800101", txamt=2500, txcurrcd="HKD", out_trade_no="A1")
    spans.clear()
    cancel(client, order)

*calls, cancelled = spans.get_finished_spans()
print(cancelled.name, cancelled.attributes["qfpay.verdict"])
for step, call in zip(cancelled.attributes["qfpay.steps"], calls, strict=True):
    inside = call.parent.span_id == cancelled.context.span_id
    print(call.name, inside, step)

RequestsInstrumentor().uninstrument()
provider.shutdown()
