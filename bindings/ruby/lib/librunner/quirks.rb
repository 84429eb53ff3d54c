# frozen_string_literal: true

module Librunner
  # What some versions of Ruby itself do wrong where a task waits by the scheduler. Where none does, what
  # is mended here does as before.
  # @api private
  module Quirks
    # An error that ends Mutex#sleep, on which ConditionVariable#wait stands, leaves the mutex unlocked: any
    # one until 3.1, later one that comes while it is locked again. Its owner would fail to unlock it, and
    # hide the error by that.
    module MutexSleep
      def sleep(timeout = nil)
        return super unless owned? && Scheduler === Fiber.current_scheduler

        begin
          super
        ensure
          Quirks.lock(self) unless owned?
        end
      end
    end

    # Until 3.1 it forgets the limit.
    module ThreadJoin
      def join(limit = nil)
        return super unless limit.is_a?(Numeric) && Scheduler === (scheduler = Fiber.current_scheduler)
        return alive? ? nil : super() unless limit.positive?

        begin
          scheduler.timeout_after(limit, TooLate) { super() }
        rescue TooLate
          nil
        end
      end
    end

    # Before 4.0 it does not tell tasks that wait for the descriptor; it waits for them itself, in the
    # same thread, which breaks both and spoils the memory of the process.
    module IOClose
      def close
        return super unless Scheduler.waits? && !closed? && Scheduler.waited?(fileno)

        Quirks.close(self) { super() }
      end
    end

    # From 3.2 on the scheduler is gone even if its `close` raises.
    module SetScheduler
      def set_scheduler(scheduler)
        current = Fiber.scheduler
        current.close if Scheduler === current
        super
      end
    end

    # From 3.4 on a socket that is connected by a name waits for that without the scheduler.
    module Connect
      def initialize(host, port = nil, *rest, **options)
        options = { fast_fallback: false, **options } if Scheduler === Fiber.current_scheduler
        super
      end
    end

    class TooLate < StandardError
    end

    class << self
      def mend
        return if @mended

        @mended = true
        version = RUBY_VERSION.split(".").map(&:to_i)
        Thread::Mutex.prepend(MutexSleep)
        Fiber.singleton_class.prepend(SetScheduler)
        Thread.prepend(ThreadJoin) if (version <=> [3, 2]).negative?
        IO.prepend(IOClose) if (version <=> [4, 0]).negative?
        return if (version <=> [3, 4]).negative?

        require "socket"
        TCPSocket.prepend(Connect)
      end

      # As asyncio.Condition.wait: it does not come back without the lock.
      def lock(mutex)
        begin
          mutex.lock
        rescue CancelledError => e
          cancelled = e
          retry
        end
        raise cancelled if cancelled
      end

      # Has those leave who wait for a descriptor, then the block close it.
      def close(io, &close)
        fd = io.fileno
        unless Scheduler.interrupt(fd, IOError.new("stream closed in another thread"))
          raise BusyError, "a task waits for this stream, and its runner does not run"
        end
        engine = Driver.current
        if engine.nil?
          Thread.pass while Scheduler.waited?(fd)
        elsif engine.running
          cancelled = leave(engine, fd)
        else # a callback cannot wait for them
          engine.spawn(proc { close(io, &close) })
          return
        end
        close.call
        raise cancelled if cancelled
      end

      private

      # The cancel that came meanwhile, or nil.
      def leave(engine, fd)
        cancelled = nil
        begin
          engine.yield while Scheduler.waited?(fd)
        rescue CancelledError => cancelled
          retry
        end
        cancelled
      end
    end
  end
  private_constant :Quirks
end
