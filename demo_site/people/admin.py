"""Django's own list of users, with one more action."""

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.admin import UserAdmin

from demo_site.people.tasks import export_users
from ephemeral_tasks.admin import task_action

User = get_user_model()
admin.site.unregister(User)


@admin.register(User)
class PeopleAdmin(UserAdmin):
    """Staff who may view users may export them."""

    actions = (task_action(export_users, permissions=["view"]),)
