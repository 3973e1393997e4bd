"""A login wall that a cookie puts up, and a policy without inline code."""

from django.shortcuts import redirect

POLICY = "default-src 'self'"


def behind_a_wall(get_response):
    """Redirects to the login page whoever has the cookie ``wall``, as walls do."""

    def respond(request):
        is_open = request.path.startswith(("/login/", "/static/"))
        if request.COOKIES.get("wall") and not is_open:
            return redirect(f"/login/?next={request.path}")
        return get_response(request)

    return respond


def with_policy(get_response):
    """Lets pages have nothing but files of their own site."""

    def respond(request):
        response = get_response(request)
        response.headers["Content-Security-Policy"] = POLICY
        return response

    return respond
