from django.contrib import admin
from django.http import HttpResponse
from django.urls import path

from authlog.allowlist import AllowListAuthenticationForm

admin.site.login_form = AllowListAuthenticationForm


def home(request):
    return HttpResponse("hello\n", content_type="text/plain")


urlpatterns = [
    path("", home),
    path("admin/", admin.site.urls),
]
