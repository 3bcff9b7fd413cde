from django.conf import settings
from django.http import HttpResponse
from django.urls import path
from payments import charge

settings.configure(ROOT_URLCONF=__name__, SECRET_KEY="only for this example", ALLOWED_HOSTS=["*"])


def checkout(request):
    return HttpResponse(charge(request.POST["number"], int(request.POST["amount"])))


urlpatterns = [path("checkout", checkout)]
