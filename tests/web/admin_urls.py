"""Two admins whose lists of users have actions that tasks carry out."""

from django.contrib.admin import AdminSite
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import User
from django.urls import include, path

from ephemeral_tasks import ResultFile, task
from ephemeral_tasks.admin import task_action

taken: list[list[str]] = []
"""What the bodies got."""


@task(label="Export 100 %")
def web_export(ids):
    """Return a file, and note what was selected."""
    taken.append(ids)
    return ResultFile("users.csv", "\n".join(ids).encode(), "text/csv")


@task(label="Mark", permission="auth.delete_user")
def web_mark(ids):
    """Belongs to those who may delete users."""
    taken.append(ids)


class Users(UserAdmin):
    """Four users a page; the export is for those who may change users."""

    actions = (
        task_action(web_export, permissions=["change"]),
        task_action(web_mark, description="Mark %(verbose_name_plural)s"),
    )
    list_per_page = 4
    ordering = ("username",)

    def get_queryset(self, request):
        """Return what the list needs for its columns, the action not."""
        return super().get_queryset(request).prefetch_related("groups")


site = AdminSite()
site.register(User, Users)
other_site = AdminSite(name="other")
other_site.register(User, Users)

urlpatterns = [
    path("admin/", site.urls),
    path("other/", other_site.urls),
    path("tasks/", include("ephemeral_tasks.urls")),
]
