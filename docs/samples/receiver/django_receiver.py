from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.urls import path
from receiver import inbox

settings.configure(ROOT_URLCONF=__name__, SECRET_KEY="only for this example", ALLOWED_HOSTS=["*"])
app = get_wsgi_application()

urlpatterns = [path("qfpay/notify", inbox.django_view())]
