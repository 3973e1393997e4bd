"""A site's own URLconf without routes of ours."""

urlpatterns = []
