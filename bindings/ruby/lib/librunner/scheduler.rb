# frozen_string_literal: true

module Librunner
  # Ruby's Fiber::Scheduler on the waits of the library: in tasks, what Ruby itself waits for holds up
  # nobody else. `block`, `unblock`, `kernel_sleep`, `io_wait` and `fiber_interrupt` are in
  # ext/librunner/scheduler.c.
  #
  # All hooks are for tasks. Where none runs, as in a callback, they raise {NoTaskError}.
  # @api private
  class Scheduler
    C = Core

    def initialize(engine)
      attach(engine)
      @engine = engine
      @installed = false
    end

    # Runs the block with a scheduler, if the runner wants one.
    def self.around(engine, &block)
      raise Librunner.error_for(C::RUNNER_EBUSY, "the thread has a Fiber::Scheduler already") if Fiber.scheduler
      return yield unless engine.options.scheduler

      engine.scheduler.around(&block)
    end

    def around
      Quirks.mend
      @installed = true
      Fiber.set_scheduler(self)
      yield
    ensure
      @installed = false
      # In a child process it was taken away already.
      Fiber.set_scheduler(nil) if equal?(Fiber.scheduler)
    end

    # Fiber.set_scheduler calls it before it replaces the scheduler: not as long as the run needs it.
    def close
      return unless @installed && !@engine.forked?
      raise Librunner.error_for(C::RUNNER_EBUSY, "the run needs its Fiber::Scheduler")
    end

    # Fiber.schedule.
    def fiber(*, **, &block)
      task = Engine.current.spawn(proc { block.call })
      @engine.fiber(task.handle_id)
    end

    # Fiber#yield of Ruby 4.0 and later: code that takes long gives others a turn.
    def yield = @engine.yield

    # Timeout.timeout.
    def timeout_after(seconds, error = ::Timeout::Error, message = "execution expired")
      Timeout.around(C::RUNNER_HOST_TIMEOUT_OPEN, seconds, [error, message]) { yield seconds }
    end

    # The addresses of a name. The system is asked without the lock of Ruby.
    def address_resolve(name)
      @engine.in_thread(proc { Addrinfo.getaddrinfo(name, nil, nil, :STREAM).map(&:ip_address).uniq })
    end

    def process_wait(pid, flags)
      beside { Process::Status.wait(pid, flags) }
    end

    # IO.select, of Ruby 3.2 and later.
    def io_select(...)
      beside { IO.select(...) }
    end

    # IO#close, of Ruby 4.0 and later: who waits for the descriptor by another IO is told.
    def io_close(descriptor)
      Scheduler.interrupt(descriptor, IOError.new("stream closed in another thread"))
      Fiber.new(blocking: true) { IO.for_fd(descriptor).close }.resume
      true
    end

    private

    # What only a thread can wait for; it ends with the wait.
    def beside(&block)
      thread = Thread.new(&block)
      thread.report_on_exception = false
      thread.value
    ensure
      thread&.kill&.join
    end
  end

  class Engine
    def scheduler = @scheduler ||= Scheduler.new(self)
  end
end
