# frozen_string_literal: true

module Librunner
  # An error that nobody can be given: a task has failed and nobody has awaited it, a callback or a
  # closable has failed, a step took too long. The option `exception_handler` gets it.
  # @since 0.1
  class ExceptionContext
    # @return [String] a sentence
    attr_reader :message
    # @return [Exception, nil] what the task, callback or closable has raised
    attr_reader :exception
    # @return [Task, nil] the task, if it is not done
    attr_reader :task
    # @return [String, nil] the name of the task, callback or closable
    attr_reader :name
    # @return [String, nil] where the task was spawned, in debug mode
    attr_reader :source
    # @return [Float, nil] how many seconds a step took that took too long
    attr_reader :duration
    # @return [Integer, nil] the code of the C library
    attr_reader :code

    # @api private
    def initialize(message, exception: nil, task: nil, name: nil, source: nil, duration: nil, code: nil)
      @message = message
      @exception = exception
      @task = task
      @name = name
      @source = source
      @duration = duration
      @code = code
    end

    # What is logged: the facts, and the exception with its backtrace.
    # @return [String]
    def full_message
      text = +@message
      text << " (#{facts.join(", ")})" unless facts.empty?
      text << "\n" << @exception.full_message(highlight: false) if @exception
      text.chomp
    end

    def inspect = "#<#{self.class} #{@message.inspect}#{" #{@exception.inspect}" if @exception}>"

    private

    def facts
      facts = []
      facts << @name if @name
      facts << format("%.3f s", @duration) if @duration
      facts << "spawned at #{@source}" if @source
      facts << Core.runner_error_name(@code) if @code && !@exception
      facts
    end
  end

  class Engine
    # The library has an error that nobody can be given: called by the driver.
    def exception
      code, told = C.runner_host_exception(@core)
      hand_over(exception_context(told)) if code.zero?
    end

    # A callback has raised.
    def callback_failed(error)
      hand_over(ExceptionContext.new("Exception in callback", exception: error))
    end

    # Tells the handler of the program, or else the logger.
    def hand_over(context)
      handler = @options.exception_handler
      return report_exception(context) unless handler

      begin
        handler.call(context)
      rescue CancelledError, StandardError, ScriptError, NoMemoryError, SystemStackError => e
        report_exception(context)
        report_exception(ExceptionContext.new("Unhandled error in exception handler", exception: e))
      rescue Exception => e # rubocop:disable Lint/RescueException
        report_exception(context)
        abort(e)
        command(C::RUNNER_HOST_STOP)
      end
    end

    private

    def exception_context(told)
      message, name, site, id, value, duration, code = told
      task = task(id)
      ExceptionContext.new(message,
        exception: @failures[value] || (Librunner.error_for(code) unless code.zero?),
        task: task, name: task&.name || name, source: task&.site || site,
        duration: duration.zero? ? nil : duration / 1e9, code: code.zero? ? nil : code)
    ensure
      @failures.delete(value) if id&.zero? # of a future no event says that it is gone
    end

    def report_exception(context)
      logger = @options.logger
      return warn(context.full_message) unless logger

      context.duration ? logger.warn(context.full_message) : logger.error(context.full_message)
    rescue StandardError => e
      warn(context.full_message, e.full_message(highlight: false))
    end
  end
end
