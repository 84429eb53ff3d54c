# frozen_string_literal: true

module Conformance
  # The first offence of a program: the whole line for stderr. What a program says of itself may have
  # control characters, and an offence is one line.
  class Malformed < StandardError
    def initialize(program, *parts)
      super(["conformance", program, *parts].join(": ").tr(Values::CONTROLS, "?"))
    end
  end

  # An operation that was checked. Which fields it has, its row in Language::OPERATIONS tells.
  class Op
    attr_accessor :word,     # :sleep
                  :name,     # of a handle, an event, a variable, ...
                  :names,
                  :task,
                  :failure,  # the name of an error
                  :text,
                  :number,   # a value, a count
                  :seconds,  # a time; nil where it was null
                  :flag,
                  :mode,
                  :body,
                  :handlers  # by the kinds of errors, and :finally
  end

  # One of the runs of a program. interrupt_at: in seconds.
  Run = Struct.new(:task, :fresh_context, :interrupt_at)

  # A program that was checked: the bodies by the names of their tasks, and the runs.
  class Program
    NEEDED = %w[name tasks runs].freeze
    ALLOWED = %w[min_version differs].freeze
    MOST_INTERRUPTS = 2
    private_constant :NEEDED, :ALLOWED, :MOST_INTERRUPTS

    attr_reader :name, :tasks, :runs

    # Exact, as a Float is not.
    def self.seconds(milliseconds)
      Rational(milliseconds, 1000)
    end

    # file is what the program is called if it has no name.
    def initialize(data, file)
      @name = file
      @tasks = {}
      @runs = []
      root = Json.parse(data)
      offend("not a JSON object") unless root.is_a?(Hash)
      read(root)
    end

    def offend(*parts)
      raise Malformed.new(@name, *parts)
    end

    private

    def read(root)
      name = root["name"]
      named = Values.text?(name) && !name.empty?
      @name = name if named
      check_keys(root, NEEDED, ALLOWED)
      offend('"name" must be a text') unless named
      read_tasks(root["tasks"])
      read_runs(root["runs"])
      ALLOWED.each do |key|
        offend(%("#{key}" must be a text)) unless root.fetch(key, "").is_a?(String)
      end
    end

    def check_keys(members, needed, allowed, *where)
      missing = needed.find { |key| !members.key?(key) }
      offend(*where, %(missing key "#{missing}")) if missing
      unknown = members.each_key.find { |key| !needed.include?(key) && !allowed.include?(key) }
      offend(*where, %(unknown key "#{unknown}")) if unknown
    end

    def read_tasks(tasks)
      offend('"tasks" must be an object') unless tasks.is_a?(Hash)
      reader = Reader.new(self, tasks)
      tasks.each do |name, body|
        offend(%(bad task name "#{name}")) unless Values.name?(name)
        @tasks[name] = reader.body(name, body)
      end
    end

    def read_runs(runs)
      offend('"runs" must be a list') unless runs.is_a?(Array)
      offend('"runs" must not be empty') if runs.empty?
      @runs = runs.each_with_index.map { |run, index| read_run(run, "run #{index}") }
    end

    def read_run(run, where)
      offend(where, "not a JSON object") unless run.is_a?(Hash)
      check_keys(run, %w[task], %w[context interrupt_at], where)
      task = run["task"]
      offend(where, '"task" must be a text') unless task.is_a?(String)
      offend(where, %(undefined task "#{task}")) unless @tasks.key?(task)
      fresh = run.key?("context")
      offend(where, '"context" must be "fresh"') if fresh && run["context"] != "fresh"
      Run.new(task, fresh, times(run.fetch("interrupt_at", []), where))
    end

    def times(list, where)
      good = list.is_a?(Array) && list.size <= MOST_INTERRUPTS &&
             list.all? { |time| Values.natural?(time) }
      offend(where, %("interrupt_at" must be a list of at most #{MOST_INTERRUPTS} times)) unless good
      list.map { |time| Program.seconds(time) }
    end
  end
end
