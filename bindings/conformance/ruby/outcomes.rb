# frozen_string_literal: true

module Conformance
  # An error of the language: its name is its message.
  class Failure < StandardError
  end

  # What comes out of tasks, runs, gathered futures, in the words of the trace.
  module Outcomes
    # The codes of what asyncio refuses with RuntimeError.
    REFUSED = %w[RUNNER_ESELF RUNNER_EABORTING RUNNER_EFINISHED].freeze
    private_constant :REFUSED

    module_function

    # Which handler of try takes an error. There is none for an error that the language does not have.
    def kind_of(error)
      case error
      when Librunner::GroupError then :group
      when Librunner::CancelledError then :cancelled
      when Librunner::TimeoutError then :timeout
      when Failure then :error
      when Librunner::Error then :error if refused?(error)
      end
    end

    # The outcome of the block.
    def of
      "value #{yield}"
    rescue Exception => e
      of_error(e)
    end

    def of_error(error)
      case error
      when Failure then "error #{error.message}"
      when Librunner::GroupError then "group [#{error.errors.map { |e| of_error(e) }.sort.join(", ")}]"
      when Librunner::CancelledError then "cancelled"
      when Librunner::TimeoutError then "timeout"
      when Librunner::DeadlockError then "deadlock"
      when Librunner::AbandonedError then "pending"
      when Interrupt then "interrupted"
      else "error #{name_of(error)}"
      end
    end

    # Of an item of gather: a value or an error.
    def of_item(item)
      item.is_a?(Exception) ? of_error(item) : "value #{item}"
    end

    def name_of(error)
      return "RuntimeError" if error.is_a?(Librunner::Error) && refused?(error)

      "#{error.class}: #{error.message.lines.first&.chomp}"
    end

    def refused?(error)
      REFUSED.include?(error.code_name)
    end
  end
end
