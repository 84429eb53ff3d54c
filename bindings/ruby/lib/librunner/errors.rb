# frozen_string_literal: true

module Librunner
  # A task was cancelled. It is no StandardError, so that a bare `rescue` does not swallow it, as in
  # asyncio. Who rescues it raises it again, or calls {Task#uncancel}.
  # @since 0.1
  class CancelledError < Exception # rubocop:disable Lint/InheritException
  end

  # What all errors of this library have in common.
  # @since 0.1
  class Error < StandardError
    # @return [Integer, nil] the code of the C library that it stands for
    attr_reader :code

    # @param message [String, nil] a sentence; nil is the one of the code
    # @param code [Integer, nil]
    def initialize(message = nil, code: nil)
      @code = code
      super(message || (code ? Core.runner_strerror(code) : self.class.name))
    end

    # @return [String, nil] the symbol of the code in C, such as `"RUNNER_ECLOSED"`
    def code_name = @code && Core.runner_error_name(@code)
  end

  # No task of this thread runs.
  # @since 0.1
  class NoTaskError < Error; end
  # It cannot be called from inside a run.
  # @since 0.1
  class RunningError < Error; end
  # Another thread uses the runner, or another scheduler has this thread.
  # @since 0.1
  class BusyError < Error; end
  # The runner is closed, or being closed.
  # @since 0.1
  class ClosedError < Error; end
  # A task, future or scope is not in the state that this needs.
  # @since 0.1
  class InvalidStateError < Error; end
  # It may only be called by the thread that runs the runner.
  # @since 0.1
  class WrongThreadError < Error; end
  # The runner belongs to the parent process.
  # @since 0.1
  class ForkError < Error; end
  # It took too long.
  # @since 0.1
  class TimeoutError < Error; end
  # Every task waits, and nothing can wake one.
  # @since 0.1
  class DeadlockError < Error; end
  # The task was given up when its runner was closed.
  # @since 0.1
  class AbandonedError < Error; end
  # The object belongs to another runner.
  # @since 0.1
  class ForeignError < Error; end
  # The barrier is broken.
  # @since 0.1
  class BrokenBarrierError < Error; end
  # The queue is full.
  # @since 0.1
  class QueueFull < Error; end
  # The queue is empty.
  # @since 0.1
  class QueueEmpty < Error; end
  # The queue has been shut down.
  # @since 0.1
  class QueueShutdown < Error; end
  # An error of libuv or the operating system.
  # @since 0.1
  class UVError < Error; end

  # One or more tasks of a group, or its body, have failed.
  # @since 0.1
  class GroupError < Error
    # @return [Array<Exception>] what they have raised, in the order in which they did; the body's
    #   is the last
    attr_reader :errors

    # @param errors [Array<Exception>]
    def initialize(errors)
      @errors = errors.freeze
      super("#{errors.size} #{errors.size == 1 ? "error" : "errors"} in a task group: " +
        errors.map { |error| "#{Librunner.text_of(error)} (#{error.class})" }.join(", "), code: Core::RUNNER_EGROUP)
    end
  end

  ERRORS = {
    Core::RUNNER_EINVAL => ArgumentError,
    Core::RUNNER_ENOMEM => NoMemoryError,
    Core::RUNNER_ELOOP => RunningError,
    Core::RUNNER_ECLOSED => ClosedError,
    Core::RUNNER_ESHUTDOWN => ClosedError,
    Core::RUNNER_EBUSY => BusyError,
    Core::RUNNER_ETHREAD => WrongThreadError,
    Core::RUNNER_EFORK => ForkError,
    Core::RUNNER_ENOLOOP => NoTaskError,
    Core::RUNNER_ENOTASK => NoTaskError,
    Core::RUNNER_ETIMEDOUT => TimeoutError,
    Core::RUNNER_EDEADLK => DeadlockError,
    Core::RUNNER_EABANDONED => AbandonedError,
    Core::RUNNER_EFOREIGN => ForeignError,
    Core::RUNNER_EBROKEN => BrokenBarrierError,
    Core::RUNNER_EFULL => QueueFull,
    Core::RUNNER_EEMPTY => QueueEmpty,
    Core::RUNNER_EQUEUESHUT => QueueShutdown,
    Core::RUNNER_EDONE => InvalidStateError,
    Core::RUNNER_EPENDING => InvalidStateError,
    Core::RUNNER_ESELF => InvalidStateError,
    Core::RUNNER_ENOTENTERED => InvalidStateError,
    Core::RUNNER_EENTERED => InvalidStateError,
    Core::RUNNER_EFINISHED => InvalidStateError,
    Core::RUNNER_EABORTING => InvalidStateError,
    Core::RUNNER_EEXPIRING => InvalidStateError,
    Core::RUNNER_EEXPIRED => InvalidStateError,
    Core::RUNNER_EOWNER => InvalidStateError,
    Core::RUNNER_ENOTLOCKED => InvalidStateError,
    Core::RUNNER_ERELEASED => InvalidStateError,
    Core::RUNNER_ETASKDONE => InvalidStateError
  }.freeze
  private_constant :ERRORS

  # libuv's codes lie above all of the library's own.
  UV_CODES = -10_000
  private_constant :UV_CODES

  class << self
    # The message of an error, which the program may have made in a way that raises.
    # @api private
    def text_of(error)
      error.message.to_s
    rescue StandardError, NotImplementedError, SystemStackError
      "#{error.class} without a message"
    end

    # The error that a code of the C library stands for, to be raised.
    # @api private
    def error_for(code, message = nil)
      case code
      when Core::RUNNER_ECANCELED then return CancelledError.new(message || Core.runner_strerror(code))
      when Core::RUNNER_EINTR then return Interrupt.new
      end
      kind = ERRORS.fetch(code) { code > UV_CODES ? UVError : Error }
      return kind.new(message || Core.runner_strerror(code)) unless kind <= Error
      kind.new(message, code: code)
    end
  end
end
