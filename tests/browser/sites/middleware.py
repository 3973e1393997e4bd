"""A login wall that a cookie puts up, and a policy without inline code."""

from django.shortcuts import redirect

POLICY = "default-src 'self'"


def behind_a_wall(get_response):
    """Redirects to a login whoever has the cookie ``wall``, which names the host."""

    def respond(request):
        # The browser asks for the icon by itself, before or after the wall is up.
        is_open = request.path.startswith(("/login/", "/static/", "/favicon.ico"))
        wall = request.COOKIES.get("wall")
        if wall and not is_open:
            host = "" if wall == "here" else f"http://localhost:{request.get_port()}"
            return redirect(f"{host}/login/?next={request.path}")
        return get_response(request)

    return respond


def with_policy(get_response):
    """Lets pages have nothing but files of their own site."""

    def respond(request):
        response = get_response(request)
        response.headers["Content-Security-Policy"] = POLICY
        return response

    return respond
