"""URLs of the editor."""

from django.contrib import admin
from django.urls import path

from demo_site.editor import views
from demo_site.editor.engine_state import engine_state

app_name = "editor"

urlpatterns = [
    path("", views.editor, name="editor"),
    path("admin/translate/", admin.site.admin_view(views.staff_editor), name="staff"),
    path("growing/<id>/", views.growing, name="growing"),
    path("engine-state/", engine_state, name="engine_state"),
    path("preview/", views.preview, name="preview"),
    path("download/<id>/", views.download_all, name="download_all"),
    path("download/<id>/<language>/", views.download, name="download"),
]
