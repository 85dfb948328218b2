"""The middleware that takes a place in the budget of threads for each slow request."""

import contextlib
from typing import Any

import falcon

from falcon_images.middleware.record import record_of
from falcon_images.server.budget import Budget, Work, work_of


class BudgetMiddleware:
    """Takes a place for each slow request, where the server has not done so already."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget

    def process_resource(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        resource: object,
        params: dict[str, Any],
    ) -> None:
        if work_of(req.method, req.path) is Work.SLOW:
            place = contextlib.ExitStack()
            place.enter_context(self._budget.taken())
            record_of(req).place = place

    def process_response(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        resource: object,
        req_succeeded: bool,
    ) -> None:
        if place := record_of(req).place:
            place.close()
