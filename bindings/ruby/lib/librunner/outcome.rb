# frozen_string_literal: true

module Librunner
  # What {Task} and {Future} have in common: they end once, with a value, an error or a cancel.
  # @since 0.1
  module Outcome
    # @return [Boolean] whether it has ended
    def done? = !status.nil?

    # @return [Boolean] whether it has ended by a cancel
    def cancelled? = status == Core::RUNNER_ECANCELED

    # @return [Boolean] whether it has ended by an error
    def failed? = !status.nil? && !status.zero? && !cancelled?

    # How it has ended. Looking takes the error: it is not reported any more.
    # @return [Object] its value
    # @raise [InvalidStateError] it has not ended
    # @raise [CancelledError] it was cancelled
    # @raise [Exception] what it has failed with, the very object
    def result
      case status
      when 0 then @value
      when nil then raise Librunner.error_for(Core::RUNNER_EPENDING)
      when Core::RUNNER_ECANCELED then raise CancelledError, cancelled_message
      else raise taken
      end
    end

    # The error that it has failed with. Looking takes it: it is not reported any more.
    # @return [Exception, nil] nil if it has a value
    # @raise [InvalidStateError] it has not ended
    # @raise [CancelledError] it was cancelled
    def exception
      case status
      when 0 then nil
      when nil, Core::RUNNER_ECANCELED then result
      else taken
      end
    end

    # @private
    def initialize_copy(_other)
      raise TypeError, "can't copy #{self.class}"
    end

    private

    # How it has ended: 0, a code, or nil.
    def status = @status

    def cancelled_message = @error ? Librunner.text_of(@error) : Engine::CANCELLED

    # Its error, which somebody is given now: the library need not report it.
    def taken
      if (handle = @handle)
        @handle = nil
        @engine.take_failure(@id, handle)
      end
      @error
    end
  end
end
