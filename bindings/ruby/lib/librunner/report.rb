# frozen_string_literal: true

module Librunner
  # What the close of a runner has found, in the order in which it happened; or, while the runner is open,
  # its latest deadlock. {Runner#report} gives it. What tasks have raised, the exception handler was told.
  # @example
  #   runner.close
  #   runner.report.each { |entry| puts entry }   # cancelled Task-2
  # @since 0.1
  class Report
    include Enumerable

    # The kinds of {Entry}.
    #
    # * `:cancelled`: a task was cancelled and has ended
    # * `:failed`: a task failed while it was cancelled, or nobody has awaited it
    # * `:refused`: a task went on in spite of its cancel, and returned
    # * `:abandoned`: a task did not end before its grace was over, or could not, and was given up
    # * `:closable`: a closable has failed
    # * `:job`: a block of {Librunner.in_thread} did not end in time
    # * `:handle`: something was still open on the loop
    # * `:deadlock`: tasks wait for each other; the name is the chain of their waits
    KINDS = {
      Core::RUNNER_REPORT_CANCELED => :cancelled,
      Core::RUNNER_REPORT_FAILED => :failed,
      Core::RUNNER_REPORT_REFUSED => :refused,
      Core::RUNNER_REPORT_ABANDONED => :abandoned,
      Core::RUNNER_REPORT_CLOSABLE => :closable,
      Core::RUNNER_REPORT_JOB => :job,
      Core::RUNNER_REPORT_HANDLE => :handle,
      Core::RUNNER_REPORT_DEADLOCK => :deadlock
    }.freeze

    # One thing that was found.
    # @since 0.1
    class Entry
      # @return [Symbol] one of {KINDS}
      attr_reader :kind
      # @return [Integer, nil] the code of the C library
      attr_reader :code
      # @return [Integer, nil] the number of the task
      attr_reader :number
      # @return [String, nil] of the task, the closable, ...
      attr_reader :name
      # @return [String, nil] what the task waited for when it was given up
      attr_reader :waits

      # @api private
      def initialize(kind, code, number, name, waits)
        @kind = KINDS.fetch(kind, :unknown)
        @code = code.zero? ? nil : code
        @number = number.zero? ? nil : number
        @name = name
        @waits = waits
      end

      # @return [String, nil] the symbol of the code in C, such as `"RUNNER_ETIMEDOUT"`
      def code_name = @code && Core.runner_error_name(@code)

      # @return [String] a line for people
      def to_s
        text = [@kind, @name].compact.join(" ")
        text << ", waits for #{@waits}" if @waits
        text << ": #{Core.runner_strerror(@code)}" if @code && !%i[cancelled deadlock].include?(@kind)
        text
      end

      def inspect = "#<#{self.class} #{self}>"
    end

    # @api private
    def initialize(entries)
      @entries = entries.freeze
    end

    # @yieldparam entry [Entry]
    # @return [Report, Enumerator] itself; without a block an Enumerator
    def each(&block)
      return @entries.each unless block

      @entries.each(&block)
      self
    end

    # @return [Integer] how many entries there are
    def size = @entries.size

    # @return [Boolean] whether there is no entry
    def empty? = @entries.empty?

    # @return [String] a line for each entry
    def to_s = @entries.join("\n")

    def inspect = "#<#{self.class} #{@entries.map(&:to_s)}>"
  end

  class Engine
    # What there is to report. While it runs, that is nothing.
    def report
      return Report.new([]) if @core.nil? || running?

      Report.new(Array.new(C.runner_report_count(@core, 0)) { |i| entry(i) }.compact)
    end

    private

    def entry(index)
      code, item = C.runner_report_get(@core, index)
      Report::Entry.new(*item) if code.zero?
    end
  end
end
