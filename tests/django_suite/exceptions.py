"""The tests of Django's suite that do not apply to the pool, each with its reason."""

EXCEPTIONS = {
    "ImmediateBackendTestCase.test_throws_keyboard_interrupt": (
        "The caller of `enqueue` has gone on; the task ends `FAILED` with "
        "`KeyboardInterrupt` as its error."
    ),
    "ImmediateBackendTestCase.test_cannot_get_result": "The pool can.",
    "ImmediateBackendTestCase.test_cannot_refresh_result": "The pool can.",
    "ImmediateBackendTestCase.test_cannot_pass_run_after": "The pool can defer.",
    "CustomBackendTestCase.test_backend_does_not_support_priority": (
        "The pool does, and so do backends made from it."
    ),
    "CustomBackendTestCase.test_no_enqueue": (
        "A backend made from the pool's has its `enqueue`."
    ),
    "DummyBackendTestCase.test_refresh_result": (
        "It changes a result that Django's dummy keeps; the pool keeps operations, "
        "and makes a new result for each call."
    ),
    "DummyBackendTestCase.test_refresh_result_async": "The same.",
}
