# frozen_string_literal: true

module Librunner
  # The options of a runner, checked. {Runner#initialize} tells what they are.
  # @api private
  class Options
    attr_reader :core, :signals, :scheduler, :max_tasks, :exception_handler, :logger, :loop_factory,
      :executor_threads, :slow_callback

    def initialize(debug: nil, clock: :real, deadlock: true, signals: true, scheduler: true,
      loop_factory: nil, executor_threads: nil, join_timeout: 300, cancel_grace: nil,
      closable_grace: nil, slow_callback: 0.1, poll_interval: nil, max_tasks: nil,
      exception_handler: nil, logger: nil)
      @signals = signals
      @scheduler = scheduler
      @max_tasks = max_tasks ? count(:max_tasks, max_tasks) : Options.most_tasks
      @exception_handler = callable(:exception_handler, exception_handler)
      @loop_factory = callable(:loop_factory, loop_factory)
      @logger = logger
      @executor_threads = executor_threads && count(:executor_threads, executor_threads)
      @slow_callback = slow_callback
      @core = {
        debug: switch(:debug, debug),
        clock: choice(:clock, clock, real: Core::RUNNER_CLOCK_REAL, virtual: Core::RUNNER_CLOCK_VIRTUAL),
        deadlock: switch(:deadlock, deadlock),
        executor_join_timeout_ms: milliseconds(:join_timeout, join_timeout),
        cancel_grace_ms: milliseconds(:cancel_grace, cancel_grace),
        closable_grace_ms: milliseconds(:closable_grace, closable_grace),
        slow_callback_ms: milliseconds(:slow_callback, slow_callback)
      }
      @core[:poll_interval] = count(:poll_interval, poll_interval) if poll_interval
    end

    # A fiber takes two of the memory maps that a process may have. What is left is for other fibers,
    # and for what is closed at the end.
    def self.most_tasks
      @most_tasks ||= [(Integer(File.read("/proc/sys/vm/max_map_count")) * 0.45).floor, 100].max
    rescue SystemCallError, ArgumentError
      @most_tasks = nil
    end

    private

    def switch(name, value)
      case value
      when nil then Core::RUNNER_DEFAULT
      when true then Core::RUNNER_ON
      when false then Core::RUNNER_OFF
      else raise TypeError, "#{name}: must be true, false or nil, not #{value.inspect}"
      end
    end

    def choice(name, value, **choices)
      choices.fetch(value) do
        raise ArgumentError, "#{name}: must be one of #{choices.keys.inspect}, not #{value.inspect}"
      end
    end

    def count(name, value)
      return value if value.is_a?(Integer) && value.between?(1, 2**31 - 1)
      raise ArgumentError, "#{name}: must be a number from 1, not #{value.inspect}"
    end

    def callable(name, value)
      return value if value.nil? || value.respond_to?(:call)
      raise TypeError, "#{name}: must respond to call, #{value.class} does not"
    end

    # nil is without limit.
    def milliseconds(name, seconds)
      return Core::RUNNER_FOREVER if seconds.nil?
      unless seconds.is_a?(Numeric) && seconds.real? && seconds >= 0
        raise ArgumentError, "#{name}: must be a time in seconds or nil, not #{seconds.inspect}"
      end
      return Core::RUNNER_FOREVER if seconds > 1e15

      seconds.zero? ? Core::RUNNER_NO_WAIT : (seconds * 1000).ceil
    end
  end
  private_constant :Options
end
