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

    # What is logged: the message, the facts, and the exception with its backtrace.
    # @return [String]
    def full_message
      text = +@message
      text << " (#{facts.map { |fact| readable(fact) }.join(", ")})" unless facts.empty?
      text << "\n" << readable(exception_text) if @exception
      text.chomp
    end

    def inspect = "#<#{self.class} #{@message.inspect}#{" #{@exception.class}" if @exception}>"
    alias to_s inspect

    private

    def facts
      facts = []
      facts << @name if @name
      facts << format("%.3f s", @duration) if @duration
      facts << "spawned at #{@source}" if @source
      facts
    end

    # The program's exceptions may be broken themselves.
    def exception_text
      @exception.full_message(highlight: false, order: :top)
    rescue StandardError
      ["#{@exception.class}, whose message can't be made", *@exception.backtrace].join("\n\tfrom ")
    end

    def readable(text) = Engine.readable(text)
  end

  class Engine
    # Of this library: frames that nobody looks for.
    INSIDE = ["#{File.dirname(__FILE__)}/", "#{File.dirname(__FILE__)}.rb"].freeze

    # The library has an error that nobody can be given: called by the driver, and where one may have come
    # up that is to be told at once.
    def exception
      code, told = C.runner_host_exception(@core)
      return unless code.zero?

      context = exception_context(*told)
      hand_over(context) unless @risen&.key?(context.exception) # the caller of the run has it
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

    # Where a task is spawned: the first caller that is not of this library.
    def spawn_site
      found = caller_locations(2, 16)&.find { |at| !at.path.start_with?(*INSIDE) }
      found && "#{found.path}:#{found.lineno}"
    end

    def exception_context(message, name, site, id, value, duration, code)
      task = task(id)
      error = @failures[value]
      @failures.delete(value) if id.zero? # of a future no event says that it is gone
      code = nil if code.zero? || error
      ExceptionContext.new(message,
        exception: error || (Librunner.error_for(code) if code), code: code, task: task,
        name: task&.name || name, source: task&.site || @sites&.[](value) || site,
        duration: duration.zero? ? nil : duration / 1e9)
    end

    def report_exception(context)
      text = context.full_message
      logger = @options.logger
      return complain(text) unless logger

      context.duration ? logger.warn(text) : logger.error(text)
    rescue StandardError => e
      complain(text, "The logger has failed: #{e.class}") if logger
    end

    # Kernel#warn is silent with -W0.
    def complain(*texts)
      $stderr.puts(*texts)
    rescue SystemCallError, IOError
      nil # nobody listens
    end
  end
end
