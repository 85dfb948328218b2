"""Which task gets a thread next: the first of those whose kind of work has a place."""

import threading
import time
from typing import Any

from falcon_images.server.budget import Budget, Work, work_of
from falcon_images.server.internals import ThreadedTaskDispatcher

_LOOK_SECONDS = 0.25
# Exports beyond their number are refused, which takes no time: so few threads do that,
# and those of the requests after them.
_REFUSING_THREADS = 4


class Dispatcher(ThreadedTaskDispatcher):
    """Threads that take work as a budget allows; a task that waits holds no thread.

    Exports have threads of their own: they last as long as their clients read.
    """

    def __init__(self, budget: Budget, threads: int) -> None:
        super().__init__()
        self._budget = budget
        self._own_threads = threading.Semaphore(budget.exports + _REFUSING_THREADS)
        self.set_thread_count(threads)

    def add_task(self, task: Any) -> None:
        request = task.requests[0]
        is_sound = not request.error
        task.work = work_of(request.command, request.path) if is_sound else Work.SMALL
        task.queued_at = time.monotonic()
        if task.work is Work.EXPORT and self._own_threads.acquire(blocking=False):
            threading.Thread(target=self._serve_alone, args=[task], daemon=True).start()
        else:
            super().add_task(task)

    def handler_thread(self, thread_no: int) -> None:
        while True:
            task = None
            with self.lock:
                while not self.stop_count and (task := self._take()) is None:
                    self.active_count -= 1
                    # Whoever frees a place looks for work; only the time must be kept.
                    self.queue_cv.wait(_LOOK_SECONDS if self.queue else None)
                    self.active_count += 1
                if task is None:
                    self.active_count -= 1
                    self.stop_count -= 1
                    self.threads.discard(thread_no)
                    self.thread_exit_cv.notify()
                    return
            self._serve(task)

    def _serve_alone(self, task: Any) -> None:
        try:
            self._serve(task)
        finally:
            self._own_threads.release()

    def _serve(self, task: Any) -> None:
        try:
            task.service()
        except BaseException:
            self.logger.exception('Exception when servicing %r', task)
        finally:
            self._budget.end()

    def _take(self) -> Any:
        """Take the first task whose kind of work has a place; None if there is none."""
        full: set[Work] = set()
        too_late = time.monotonic() - self._budget.wait_seconds
        task: Any
        for task in self.queue:
            is_late = task.work is Work.SLOW and task.queued_at < too_late
            if task.work not in full and self._budget.begin(task.work):
                break
            full.add(task.work)
            if is_late:
                # The application refuses it, which takes no time.
                break
        else:
            return None
        self.queue.remove(task)
        return task
