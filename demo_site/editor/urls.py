"""URLs of the editor."""

from django.urls import path

from demo_site.editor import views

app_name = "editor"

urlpatterns = [
    path("", views.editor, name="editor"),
    path("download/<id>/", views.download, name="download"),
]
